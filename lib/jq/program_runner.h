// The seam to jq: small programs of tenants that shape what is sent.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace postrider {

/// What a program made of its input: its first output as compact JSON (nothing when it made none),
/// or why there is none, for people: one line of UTF-8. kInvalidArgument: by the fault of program
/// or input; kUnavailable: it could not be run, which may pass.
using ProgramOutput = Result<std::optional<std::string>>;

struct ProgramJob {
  std::int64_t owner = 0;             ///< jobs of different owners take turns
  std::vector<std::string> programs;  ///< jq; each runs over the whole input
  std::string input;                  ///< one JSON text
  /// Set once nobody waits for it any more: what has not begun is not run. May be null.
  std::shared_ptr<const std::atomic<bool>> cancelled{};
};

/// Runs jq programs that nobody has to trust. Thread-safe.
class ProgramRunner {
 public:
  using Done = std::function<void(std::vector<ProgramOutput>)>;

  ProgramRunner() = default;
  ProgramRunner(const ProgramRunner&) = delete;
  ProgramRunner& operator=(const ProgramRunner&) = delete;
  /// Answers what still waits, with a reason, before it returns.
  virtual ~ProgramRunner() = default;

  /// Runs each program over the input. `done` is called once, with one output per program in their
  /// order, on a thread of the runner, which must not block there; what a destructor answers may
  /// come on its own thread. Never fails: what cannot be run has a reason as its output. How many
  /// jobs wait is for the callers to bound.
  virtual void submit(ProgramJob job, Done done) = 0;

  /// Compiles and does not run. kInvalidArgument with jq's own message, one line, when the program
  /// is at fault; kUnavailable when jq cannot be run, or not soon. Waits for its turn, so not to be
  /// called where submit()'s `done` is.
  [[nodiscard]] virtual Status check(const std::string& program) = 0;
};

}  // namespace postrider
