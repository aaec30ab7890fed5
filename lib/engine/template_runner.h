// The engine's interface to the jq programs that make request bodies.
#pragma once

#include <vector>

#include "jq/program_runner.h"
#include "transport/transport.h"

namespace postrider {

/// The output of the programs of an attempt.
struct TemplateResult {
  TransferId id = 0;
  std::vector<ProgramOutput> outputs;
};

/// Runs the programs of attempts outside the engine. Each submitted job has one result, which is
/// passed to Engine::take_template_result(), or to that of TestRequests if TestRequests::owns() its
/// id.
class TemplateRunner {
 public:
  TemplateRunner() = default;
  TemplateRunner(const TemplateRunner&) = delete;
  TemplateRunner& operator=(const TemplateRunner&) = delete;
  virtual ~TemplateRunner() = default;

  virtual void submit(TransferId id, ProgramJob job) = 0;
};

}  // namespace postrider
