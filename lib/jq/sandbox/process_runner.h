// Runs jq in worker processes that can only compute.
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
  /// The command that calls run_worker(): a program and its arguments.
  std::vector<std::string> command{"/proc/self/exe", "jq-worker"};
  std::size_t processes = limits::kProgramProcesses;
  /// How long check() waits for its turn and its result.
  Millis check_wait = limits::kProgramCheckTime;
  SandboxLimits limits;
};

/// Thread-safe. Costs nothing before the first job, which starts the threads; each thread starts
/// its process when it has work.
///
/// Owners take turns. A turn ends with a job, or with the first program that ends its process; the
/// rest of that job waits for the owner's next turn.
class ProcessRunner final : public ProgramRunner {
 public:
  [[nodiscard]] static Result<std::unique_ptr<ProcessRunner>> open(ProcessRunnerOptions options);
  ProcessRunner(const ProcessRunner&) = delete;
  ProcessRunner& operator=(const ProcessRunner&) = delete;
  /// Ends all processes, also busy ones.
  ~ProcessRunner() override;

  void submit(ProgramJob job, Done done) override;
  [[nodiscard]] Status check(const std::string& program) override;

  /// The ids of the current processes, for tests and for people.
  [[nodiscard]] std::vector<pid_t> processes() const;

 private:
  struct Task {
    ProgramJob job;
    FrameKind kind = FrameKind::kRun;  ///< or kCompile
    std::vector<Reply> replies;        ///< of its first programs
    std::function<void(std::vector<Reply>)> done;
  };
  /// A thread and its process.
  struct WorkerSlot {
    std::unique_ptr<WorkerProcess> process;  ///< owned by the thread
    std::atomic<pid_t> pid{0};
  };

  ProcessRunner(ProcessRunnerOptions options, Fd stop);

  void enqueue(Task task);
  /// Starts missing threads. Returns whether there is at least one.
  [[nodiscard]] bool can_serve_locked() POSTRIDER_REQUIRES(mutex_);
  /// Returns the owner's queue, to which the caller adds a task at once: the owner takes turns from
  /// now on.
  [[nodiscard]] std::deque<Task>& line_of_locked(std::int64_t owner) POSTRIDER_REQUIRES(mutex_);
  void serve(WorkerSlot& slot) noexcept;
  /// Waits for the next task in turn. Nothing when the runner is being destroyed.
  std::optional<Task> next();
  /// Moves the task back to the head of its owner's queue.
  void put_back(Task task);
  void work(WorkerSlot& slot, Task task);
  [[nodiscard]] Status ensure_process(WorkerSlot& slot);

  const ProcessRunnerOptions options_;
  /// Readable once the runner is being destroyed.
  const Fd stop_;

  mutable Mutex mutex_;
  CondVar changed_;
  bool stopping_ POSTRIDER_GUARDED_BY(mutex_) = false;
  /// Owners with queued tasks. None of their queues is empty.
  std::map<std::int64_t, std::deque<Task>> queues_ POSTRIDER_GUARDED_BY(mutex_);
  /// The owners of `queues_`; the next one in turn is first.
  std::deque<std::int64_t> turns_ POSTRIDER_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<WorkerSlot>> slots_ POSTRIDER_GUARDED_BY(mutex_);
  std::vector<std::jthread> threads_ POSTRIDER_GUARDED_BY(mutex_);
};

}  // namespace postrider::jq
