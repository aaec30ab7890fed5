#include "jq/sandbox/worker_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "base/system_error.h"
#include "base/unique_handle.h"
#include "jq/sandbox/worker.h"

namespace postrider::jq {
namespace {

/// What a frame may have beside the output.
constexpr std::size_t kFrameSlackBytes = 64U << 10U;

using Actions = UniqueHandle<posix_spawn_file_actions_t, posix_spawn_file_actions_destroy>;
using Attributes = UniqueHandle<posix_spawnattr_t, posix_spawnattr_destroy>;

/// The socket and /dev/null are all that the process has.
int give_descriptors(posix_spawn_file_actions_t* actions, int socket) {
  // The socket goes first: its own number may be among those that are given away.
  int error = posix_spawn_file_actions_adddup2(actions, socket, kWorkerSocket);
  if (error != 0) return error;
  error = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
  if (error != 0) return error;
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    error = posix_spawn_file_actions_adddup2(actions, STDIN_FILENO, fd);
    if (error != 0) return error;
  }
  return posix_spawn_file_actions_addclosefrom_np(actions, kWorkerSocket + 1);
}

/// A process group of its own, so that no terminal's signals reach it, and signals as if new.
int set_attributes(posix_spawnattr_t* attributes) {
  sigset_t all;
  sigset_t none;
  sigfillset(&all);
  sigemptyset(&none);
  int error = posix_spawnattr_setsigdefault(attributes, &all);
  if (error == 0) error = posix_spawnattr_setsigmask(attributes, &none);
  if (error == 0) error = posix_spawnattr_setpgroup(attributes, 0);
  constexpr int kFlags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
  if (error == 0) error = posix_spawnattr_setflags(attributes, kFlags);
  return error;
}

Result<pid_t> spawn(std::vector<std::string> command, int socket) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (std::string& argument : command) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  std::array<char*, 1> environment{};
  posix_spawn_file_actions_t raw_actions;
  posix_spawn_file_actions_init(&raw_actions);
  const Actions actions{&raw_actions};
  posix_spawnattr_t raw_attributes;
  posix_spawnattr_init(&raw_attributes);
  const Attributes attributes{&raw_attributes};
  int error = give_descriptors(actions.get(), socket);
  if (error == 0) error = set_attributes(attributes.get());
  pid_t pid = 0;
  if (error == 0) {
    error = posix_spawn(
        &pid,
        arguments.front(),
        actions.get(),
        attributes.get(),
        arguments.data(),
        environment.data()
    );
  }
  if (error != 0) return fail_system(Errc::kUnavailable, "cannot start a process for jq", error);
  return pid;
}

Failure blame_program(std::string reason) { return {Failure::Blame::kProgram, std::move(reason)}; }

Failure memory_failure(Failure::Blame blame, std::size_t bytes, bool may_pass) {
  const bool input = blame == Failure::Blame::kJob;
  return {
      blame,
      (input ? "its input needs more than " : "used more than ") + bytes_text(bytes) + " of memory",
      may_pass};
}

}  // namespace

Result<std::unique_ptr<WorkerProcess>> WorkerProcess::start(
    const std::vector<std::string>& command, const SandboxLimits& limits, int stop
) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return fail_system(Errc::kUnavailable, "cannot make a socket for jq", errno);
  Fd ours{ends[0]};
  Fd theirs{ends[1]};
  const auto pid = spawn(command, theirs.get());
  // Closed here, so that the end of the process is seen.
  theirs.reset();
  if (!pid) return tl::unexpected(pid.error());
  std::unique_ptr<WorkerProcess> process{new WorkerProcess{*pid, std::move(ours), limits, stop}};
  if (auto ready = process->set_up(); !ready) return tl::unexpected(ready.error());
  return process;
}

Status WorkerProcess::set_up() {
  const std::string packed = pack_limits(limits_);
  auto failed = send(frame_head(FrameKind::kSetUp, packed.size()), packed);
  Frame frame;
  if (!failed) failed = receive(frame);
  if (failed) return fail(Errc::kUnavailable, failed->reason);
  if (frame.kind == FrameKind::kReady) return {};
  return fail(Errc::kUnavailable, "no sandbox for jq: " + std::string{frame.payload});
}

WorkerProcess::~WorkerProcess() { reap(); }

int WorkerProcess::reap() {
  if (pid_ <= 0) return 0;
  // One that is ending keeps the status that it ends with.
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  return status;
}

bool WorkerProcess::is_idle() const {
  pollfd polled{socket_.get(), POLLIN, 0};
  return pid_ > 0 && ::poll(&polled, 1, 0) == 0;
}

std::optional<Failure> WorkerProcess::ask(
    FrameKind kind,
    std::span<const std::string> programs,
    std::string_view input,
    std::vector<Reply>& replies
) {
  const std::string packed = pack_programs(programs);
  const std::string head = frame_head(kind, packed.size() + input.size()) + packed;
  if (auto failed = send(head, input)) return failed;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    Frame frame;
    if (auto failed = receive(frame)) return failed;
    const bool known = frame.kind == FrameKind::kNothing || frame.kind == FrameKind::kOutput ||
                       frame.kind == FrameKind::kError;
    if (!known) {
      reap();
      return blame_program("jq answered what nobody understands");
    }
    replies.push_back({frame.kind, std::string{frame.payload}});
  }
  buffer_.clear();
  has_worked_ = true;
  return std::nullopt;
}

std::optional<Failure> WorkerProcess::send(std::string_view head, std::string_view tail) {
  while (!head.empty() || !tail.empty()) {
    // sendmsg() does not write to what it sends.
    std::array<iovec, 2> parts{{
        {const_cast<char*>(head.data()), head.size()},  // NOLINT(*-const-cast): see above
        {const_cast<char*>(tail.data()), tail.size()},  // NOLINT(*-const-cast): see above
    }};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return ended();
      if (const Wait got = wait(POLLOUT); got != Wait::kReady) return give_up(got);
      continue;
    }
    const auto bytes = static_cast<std::size_t>(sent);
    const std::size_t of_head = std::min(bytes, head.size());
    head.remove_prefix(of_head);
    tail.remove_prefix(bytes - of_head);
  }
  return std::nullopt;
}

std::optional<Failure> WorkerProcess::receive(Frame& frame) {
  while (true) {
    if (const auto next = buffer_.next()) {
      frame = *next;
      return std::nullopt;
    }
    // What runs foreign programs is not trusted with our memory.
    if (buffer_.awaited_bytes() > limits_.output_bytes + kFrameSlackBytes) {
      reap();
      return blame_program("jq answered more than it may");
    }
    if (const Wait got = wait(POLLIN); got != Wait::kReady) return give_up(got);
    const auto room = buffer_.room();
    const ssize_t got = ::recv(socket_.get(), room.data(), room.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return ended();
    buffer_.filled(static_cast<std::size_t>(got));
  }
}

WorkerProcess::Wait WorkerProcess::wait(short events) const {
  std::array<pollfd, 2> polled{{{socket_.get(), events, 0}, {stop_, POLLIN, 0}}};
  int ready = 0;
  do {
    ready = ::poll(polled.data(), polled.size(), static_cast<int>(limits_.silence.count()));
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) return Wait::kSilence;
  return polled[1].revents != 0 ? Wait::kStop : Wait::kReady;
}

Failure WorkerProcess::give_up(Wait why) {
  reap();
  if (why == Wait::kStop) return {Failure::Blame::kNobody, "the service is shutting down"};
  // Its own timers end a program long before: the machine stood still, or somebody stopped it.
  return {Failure::Blame::kNobody, "it was silent for " + time_text(limits_.silence)};
}

Failure WorkerProcess::ended() {
  const int status = reap();
  if (WIFSIGNALED(status)) {
    switch (WTERMSIG(status)) {
      case SIGPROF:
        return blame_program(cpu_reason(limits_.run_cpu, "used"));
      case SIGALRM:
        return blame_program(cpu_reason(limits_.prepare_cpu, "needs to compile"));
      case SIGVTALRM:
        return {Failure::Blame::kJob, cpu_reason(limits_.prepare_cpu, "its input needs")};
      case SIGABRT:
      case SIGBUS:
      case SIGFPE:
      case SIGILL:
      case SIGSEGV:
      case SIGSYS:
      case SIGTRAP:
        return blame_program("jq crashed on it");
      default:
        // By somebody else, or for want of memory on the machine.
        return {Failure::Blame::kNobody, "its process was killed"};
    }
  }
  switch (WEXITSTATUS(status)) {
    case kExitMemory:
      return memory_failure(Failure::Blame::kProgram, limits_.memory_bytes, has_worked_);
    case kExitInputMemory:
      return memory_failure(Failure::Blame::kJob, limits_.memory_bytes, has_worked_);
    case kExitRunCpu:
      return blame_program(cpu_reason(limits_.run_cpu, "used"));
    default:
      return blame_program("its process ended with status " + std::to_string(WEXITSTATUS(status)));
  }
}

}  // namespace postrider::jq
