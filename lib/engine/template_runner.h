// The engine's seam to the programs that shape what is sent.
#pragma once

#include <vector>

#include "jq/program_runner.h"
#include "transport/transport.h"

namespace postrider {

/// What the programs of an attempt made of its event.
struct TemplateResult {
  TransferId id = 0;
  std::vector<ProgramOutput> outputs;
};

/// Runs the programs of attempts, elsewhere. Each job has one result, by
/// Engine::take_template_result().
class TemplateRunner {
 public:
  TemplateRunner() = default;
  TemplateRunner(const TemplateRunner&) = delete;
  TemplateRunner& operator=(const TemplateRunner&) = delete;
  virtual ~TemplateRunner() = default;

  virtual void submit(TransferId id, ProgramJob job) = 0;
};

}  // namespace postrider
