// A worker process that runs jq programs, as seen by the thread that started it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/error.h"
#include "base/fd.h"
#include "jq/sandbox/frames.h"

namespace postrider::jq {

/// The reply of a process for one program.
struct Reply {
  FrameKind kind = FrameKind::kNothing;  ///< kNothing, kOutput or kError
  std::string text;
};

/// Why a process sends no more replies.
struct Failure {
  enum class Blame {
    kProgram,  ///< the first program that it did not answer
    kJob,      ///< all of them: it was their input
    kNobody,   ///< the runner is being destroyed, or somebody ended the process
  };
  Blame blame = Blame::kProgram;
  std::string reason;  ///< for people
  /// Whether a new process should try again: earlier jobs may have used the memory of this one.
  bool may_pass = false;
};

/// Owned by the thread that started it. The process ends with that thread.
class WorkerProcess {
 public:
  /// Starts `command`, which calls run_worker(), with an empty environment, and waits some
  /// milliseconds until it is ready. `stop`: a descriptor that becomes readable to end all waiting;
  /// it outlives the process.
  [[nodiscard]] static Result<std::unique_ptr<WorkerProcess>> start(
      const std::vector<std::string>& command, const SandboxLimits& limits, int stop
  );
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;
  /// Kills and reaps the process.
  ~WorkerProcess();

  [[nodiscard]] pid_t pid() const { return pid_; }

  /// Whether it waits for work. False if it has ended, or has sent an unexpected frame.
  [[nodiscard]] bool is_idle() const;

  /// Makes the process run `programs` over `input`, or compile them (kCompile, without an input),
  /// and appends the replies. After a failure the process cannot be used any more.
  [[nodiscard]] std::optional<Failure> ask(
      FrameKind kind,
      std::span<const std::string> programs,
      std::string_view input,
      std::vector<Reply>& replies
  );

 private:
  enum class Wait { kReady, kStop, kSilence };

  WorkerProcess(pid_t pid, Fd socket, const SandboxLimits& limits, int stop)
      : pid_(pid), socket_(std::move(socket)), limits_(limits), stop_(stop) {}

  [[nodiscard]] Status set_up();
  [[nodiscard]] std::optional<Failure> send(std::string_view head, std::string_view tail);
  [[nodiscard]] std::optional<Failure> receive(Frame& frame);
  /// Waits until the socket can be read (POLLIN) or written (POLLOUT).
  [[nodiscard]] Wait wait(short events) const;
  /// Ends the current job with a reason.
  Failure give_up(Wait why);
  /// Reaps the process after it has closed the socket. Returns why it did.
  Failure ended();
  /// Kills and reaps the process. Returns the status of waitpid().
  int reap();

  pid_t pid_;
  bool has_worked_ = false;  // it may hold programs of earlier jobs
  const Fd socket_;
  const SandboxLimits limits_;
  const int stop_;
  FrameBuffer buffer_;
};

}  // namespace postrider::jq
