// The engine's seam to the programs that shape what is sent.
#pragma once

#include <vector>

#include "jq/program_runner.h"
#include "transport/transport.h"

namespace postrider {

/// What the programs of an attempt made of its event.
struct Rendered {
  TransferId id = 0;
  std::vector<ProgramOutput> outputs;
};

/// Runs the programs of attempts, elsewhere. Each job has one result, by Engine::rendered().
class Renderer {
 public:
  Renderer() = default;
  Renderer(const Renderer&) = delete;
  Renderer& operator=(const Renderer&) = delete;
  virtual ~Renderer() = default;

  virtual void submit(TransferId id, ProgramJob job) = 0;
};

}  // namespace postrider
