// Runs jq in processes of their own, which can do nothing but compute.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

#include "base/fd.h"
#include "base/limits.h"
#include "base/mutex.h"
#include "jq/program_runner.h"
#include "jq/sandbox/limits.h"
#include "jq/sandbox/worker_process.h"

namespace postrider::jq {

struct ProcessRunnerOptions {
  /// What ends up in run_worker(): a program and its arguments.
  std::vector<std::string> command{"/proc/self/exe", "jq-worker"};
  std::size_t processes = limits::kProgramProcesses;
  /// How long check() waits for its turn and the answer.
  Millis check_wait = limits::kProgramCheckTime;
  SandboxLimits limits;
};

/// Thread-safe. Costs nothing before the first job: that starts the threads, and each starts its
/// process when it has something to do.
///
/// Owners take turns. A turn ends with a job, or with the first program of a job that took its
/// process with it: what is left of that job waits for the owner's next turn.
class ProcessRunner final : public ProgramRunner {
 public:
  [[nodiscard]] static Result<std::unique_ptr<ProcessRunner>> open(ProcessRunnerOptions options);
  ProcessRunner(const ProcessRunner&) = delete;
  ProcessRunner& operator=(const ProcessRunner&) = delete;
  /// Ends the processes, also those at work.
  ~ProcessRunner() override;

  void submit(ProgramJob job, Done done) override;
  [[nodiscard]] Status check(const std::string& program) override;

  /// The processes that there are now, for tests and for people.
  [[nodiscard]] std::vector<pid_t> processes() const;

 private:
  struct Task {
    ProgramJob job;
    FrameKind kind = FrameKind::kRun;  ///< or kCompile
    std::vector<Reply> replies;        ///< of its first programs
    std::function<void(std::vector<Reply>)> done;
  };
  /// A thread and its process.
  struct Seat {
    std::unique_ptr<WorkerProcess> process;  ///< owned by the thread
    std::atomic<pid_t> pid{0};
  };

  ProcessRunner(ProcessRunnerOptions options, Fd stop);

  void enqueue(Task task);
  /// Starts what threads are missing; whether there is one.
  [[nodiscard]] bool can_serve_locked() POSTRIDER_REQUIRES(mutex_);
  /// The owner's line, for a task that is put there at once: it has its turn from now on.
  [[nodiscard]] std::deque<Task>& line_of_locked(std::int64_t owner) POSTRIDER_REQUIRES(mutex_);
  void serve(Seat& seat) noexcept;
  /// The next task in turn; waits for it. Nothing when the runner is being destroyed.
  std::optional<Task> next();
  /// Back to the head of its owner's line.
  void put_back(Task task);
  void work(Seat& seat, Task task);
  [[nodiscard]] Status ensure_process(Seat& seat);

  const ProcessRunnerOptions options_;
  /// Readable once the runner is being destroyed.
  const Fd stop_;

  mutable Mutex mutex_;
  CondVar changed_;
  bool stopping_ POSTRIDER_GUARDED_BY(mutex_) = false;
  /// Owners with queued tasks. None of their queues is empty.
  std::map<std::int64_t, std::deque<Task>> lines_ POSTRIDER_GUARDED_BY(mutex_);
  /// The owners of `lines_`, the one whose turn it is first.
  std::deque<std::int64_t> turns_ POSTRIDER_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Seat>> seats_ POSTRIDER_GUARDED_BY(mutex_);
  std::vector<std::jthread> threads_ POSTRIDER_GUARDED_BY(mutex_);
};

}  // namespace postrider::jq
