// The interface to jq: programs of tenants that filter events and make request bodies.
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

/// The first output of a program as compact JSON, nothing if it has no output, or an error with one
/// line of UTF-8 for people. kInvalidArgument: the program or its input is at fault. kUnavailable:
/// the program could not be run, which may be temporary.
using ProgramOutput = Result<std::optional<std::string>>;

struct ProgramJob {
  std::int64_t owner = 0;             ///< jobs of different owners take turns
  std::vector<std::string> programs;  ///< jq; each runs over the whole input
  std::string input;                  ///< one JSON text
  /// Set to true to cancel programs that have not started. May be null.
  std::shared_ptr<const std::atomic<bool>> cancelled{};
};

/// Runs untrusted jq programs. Thread-safe.
class ProgramRunner {
 public:
  using Done = std::function<void(std::vector<ProgramOutput>)>;

  ProgramRunner() = default;
  ProgramRunner(const ProgramRunner&) = delete;
  ProgramRunner& operator=(const ProgramRunner&) = delete;
  /// Completes the queued jobs with an error before it returns.
  virtual ~ProgramRunner() = default;

  /// Runs each program over the input. Calls `done` once, with one output per program, in order, on
  /// a thread of the runner, which must not block; the destructor may call it on its own thread. A
  /// program that cannot be run has an error as its output. Callers limit the number of queued
  /// jobs.
  virtual void submit(ProgramJob job, Done done) = 0;

  /// Compiles the program without running it. kInvalidArgument with a line of jq's message if it
  /// does not compile; kUnavailable if jq cannot be run, or not soon. Blocks until its turn, so it
  /// must not be called from `done` of submit().
  [[nodiscard]] virtual Status check(const std::string& program) = 0;
};

}  // namespace postrider
