// Programs over inputs, through the real program's processes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "jq/sandbox/process_runner.h"

#include "tests/support/must.h"

namespace postrider::testing {

inline std::vector<std::string> jq_command() { return {POSTRIDER_PROGRAM, "jq-worker"}; }

inline std::unique_ptr<jq::ProcessRunner> make_runner(
    std::size_t processes = 1, const jq::SandboxLimits& limits = {}
) {
  return must(
      jq::ProcessRunner::open({.command = jq_command(), .processes = processes, .limits = limits})
  );
}

/// The outputs of jobs in the order in which they came. Thread-safe.
class Outputs {
 public:
  struct Entry {
    std::int64_t owner = 0;
    std::vector<ProgramOutput> outputs;
  };

  ProgramRunner::Done keep(std::int64_t owner = 0) {
    return [this, owner](std::vector<ProgramOutput> outputs) {
      const MutexLock lock(mutex_);
      entries_.push_back({owner, std::move(outputs)});
      changed_.notify_all();
    };
  }

  /// All of them, once there are `count`.
  std::vector<Entry> wait_for(std::size_t count) {
    const MutexLock lock(mutex_);
    while (entries_.size() < count) changed_.wait(mutex_);
    return entries_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<Entry> entries_ POSTRIDER_GUARDED_BY(mutex_);
};

inline std::vector<ProgramOutput> run_all(
    ProgramRunner& runner, std::vector<std::string> programs, std::string input
) {
  Outputs outputs;
  runner.submit({.programs = std::move(programs), .input = std::move(input)}, outputs.keep());
  return outputs.wait_for(1).front().outputs;
}

/// For comparing: the output, "(nothing)", or the reason behind "error: ".
inline std::string text_of(const ProgramOutput& output) {
  if (!output) return "error: " + output.error().context;
  return output->value_or("(nothing)");
}

inline std::string run(
    ProgramRunner& runner, const std::string& program, const std::string& input = "null"
) {
  return text_of(run_all(runner, {program}, input).front());
}

}  // namespace postrider::testing
