// A process that runs jq programs, as seen by the thread that started it.
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

/// What a process answered about one program.
struct Reply {
  FrameKind kind = FrameKind::kNothing;  ///< kNothing, kOutput or kError
  std::string text;
};

/// Why a process has no more answers.
struct Failure {
  enum class Blame {
    kProgram,  ///< the first program that it did not answer
    kJob,      ///< all of them: it was their input
    kNobody,   ///< the runner is being destroyed, or somebody ended the process
  };
  Blame blame = Blame::kProgram;
  std::string reason;  ///< for people
  /// Whether a new process may do it: what earlier jobs left in this one took its memory.
  bool may_pass = false;
};

/// Owned by the thread that started it, which has to outlive it: the process ends with that thread.
class WorkerProcess {
 public:
  /// Starts `command`, which calls run_worker(), with an empty environment. It can take a process
  /// that is started some milliseconds to be ready; this waits. `stop` is a descriptor that becomes
  /// readable when nothing is to be waited for any more; it has to outlive the process.
  [[nodiscard]] static Result<std::unique_ptr<WorkerProcess>> start(
      const std::vector<std::string>& command, const SandboxLimits& limits, int stop
  );
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;
  /// Kills and reaps it.
  ~WorkerProcess();

  [[nodiscard]] pid_t pid() const { return pid_; }

  /// Whether it waits for work. False when it has ended, or says what nobody asked for.
  [[nodiscard]] bool is_idle() const;

  /// Has it run `programs` over `input`, or compile them (kCompile, without an input), and appends
  /// what it answers. After a failure it is of no more use.
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
  /// Until the socket can be read (POLLIN) or written (POLLOUT).
  [[nodiscard]] Wait wait(short events) const;
  /// Ends what it is at, with the reason for that.
  Failure give_up(Wait why);
  /// Reaps it after it closed the socket; says why it did.
  Failure ended();
  /// Kills and reaps it; its status as of waitpid().
  int reap();

  pid_t pid_;
  bool has_worked_ = false;  // it may hold programs of earlier jobs
  const Fd socket_;
  const SandboxLimits limits_;
  const int stop_;
  FrameBuffer buffer_;
};

}  // namespace postrider::jq
