#include "jq/sandbox/worker.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <new>
#include <string>
#include <string_view>

#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/system_error.h"
#include "jq/sandbox/confine.h"
#include "jq/sandbox/cpu_timer.h"
#include "jq/sandbox/frames.h"
#include "jq/sandbox/program.h"
#include "jq/sandbox/program_cache.h"

namespace postrider::jq {
namespace {

/// For handlers that are told nothing else: libjq 1.6 forgets their data.
struct Plight {
  std::atomic<bool> reads_input{false};
  std::atomic<bool> is_out_of_time{false};
};
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): see above
constinit Plight plight;

/// The first time it halts the program, which leaves the process as good as new; that a loop inside
/// of one of jq's functions goes on shows the second time.
void on_run_time_up(int /*signal*/, siginfo_t* info, void* /*context*/) {
  if (info->si_code != SI_TIMER) return;
  auto& watch = *static_cast<Watch*>(info->si_value.sival_ptr);
  if (watch.ticks.fetch_add(1) > 0) ::_exit(kExitRunCpu);
  jq_state* const state = watch.running;
  if (state == nullptr || jq_halted(state) != 0) return;
  watch.halted = true;
  plight.is_out_of_time = true;
  // Constants, so that nothing is allocated here and nothing has to be freed.
  jq_halt(state, jv_null(), jv_null());
}

void on_no_memory(void* /*unused*/) {
  ::_exit(plight.reads_input ? kExitInputMemory : kExitMemory);
}

/// A failed assertion of libjq comes here, too: abort() cannot signal in the sandbox. They fail
/// when jq 1.6 lets go of a program that was halted while it looked for paths.
void on_crash(int signal) {
  if (plight.is_out_of_time) ::_exit(kExitRunCpu);
  static_cast<void>(std::signal(signal, SIG_DFL));
}

class Worker {
 public:
  Worker(int socket, const SandboxLimits& limits)
      : socket_(socket),
        limits_(limits),
        programs_(limits.cached, limits::kCachedProgramBytesMax) {}

  /// Timers and handlers, then the sandbox.
  Status prepare() {
    struct sigaction action {};
    action.sa_sigaction = on_run_time_up;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    if (kSignalsAreHandledAtOnce && ::sigaction(SIGPROF, &action, nullptr) != 0)
      return fail_system(Errc::kInternal, "cannot handle signals", errno);
    // Those without a handler end the process, and tell by their number what took too long.
    for (auto& [timer, signal] :
         {std::pair{&input_timer_, SIGVTALRM},
          std::pair{&compile_timer_, SIGALRM},
          std::pair{&run_timer_, SIGPROF}}) {
      if (auto created = timer->create(signal, &watch_); !created) return created;
    }
    std::set_new_handler([] { ::_exit(kExitMemory); });
    jv_nomem_handler(on_no_memory, nullptr);
    static_cast<void>(std::signal(SIGSEGV, on_crash));
    return confine(socket_, limits_);
  }

  void answer(const Frame& frame) {
    const auto run = unpack_run(frame.payload);
    if (!run || (frame.kind != FrameKind::kRun && frame.kind != FrameKind::kCompile))
      ::_exit(kExitUsage);
    if (frame.kind == FrameKind::kCompile) {
      for (const std::string_view text : run->programs) send(compile(text));
      return;
    }
    const Value input = read(run->input);
    for (const std::string_view text : run->programs) {
      send(input.is_valid() ? run_one(text, input) : unreadable(input));
    }
  }

  void send(const Answer& answer) const {
    std::string frame = frame_head(answer.kind, answer.text.size());
    frame += answer.text;
    std::string_view rest = frame;
    while (!rest.empty()) {
      const ssize_t sent = ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) ::_exit(kExitDone);
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

 private:
  Value read(std::string_view text) {
    input_timer_.start(limits_.prepare_cpu);
    plight.reads_input = true;
    Value input = parse_input(text);
    plight.reads_input = false;
    input_timer_.stop();
    return input;
  }

  static Answer unreadable(const Value& input) {
    const Value message{jv_invalid_get_msg(input.copy())};
    const bool told = message.kind() == JV_KIND_STRING;
    const std::string why = told ? std::string{message.text()} : "it is empty";
    return {FrameKind::kError, one_line("jq cannot read the input: " + why)};
  }

  Program& program(std::string_view text) {
    if (Program* const kept = programs_.find(text); kept != nullptr) return *kept;
    compile_timer_.start(limits_.prepare_cpu);
    Program& made = programs_.add(text, Program{text, on_no_memory});
    compile_timer_.stop();
    return made;
  }

  Answer compile(std::string_view text) {
    compile_timer_.start(limits_.prepare_cpu);
    const std::string error = Program::check(text, on_no_memory);
    compile_timer_.stop();
    if (error.empty()) return {FrameKind::kNothing, {}};
    return {FrameKind::kError, error};
  }

  Answer run_one(std::string_view text, const Value& input) {
    Program& chosen = program(text);
    if (!chosen.error().empty())
      return {FrameKind::kError, one_line("it does not compile: " + chosen.error())};
    watch_.ticks = 0;
    watch_.halted = false;
    plight.is_out_of_time = false;
    run_timer_.start(limits_.run_cpu);
    Answer answer = chosen.run(input, watch_, limits_.output_bytes);
    run_timer_.stop();
    if (chosen.is_spent()) programs_.forget(text);
    if (watch_.halted) return {FrameKind::kError, cpu_reason(limits_.run_cpu, "used")};
    return answer;
  }

  const int socket_;
  const SandboxLimits limits_;
  Watch watch_;
  CpuTimer input_timer_;
  CpuTimer compile_timer_;
  CpuTimer run_timer_;
  ProgramCache programs_;
};

/// The next frame; ends the process when there is none.
Frame receive(int socket, FrameBuffer& buffer) {
  while (true) {
    if (const auto frame = buffer.next()) return *frame;
    const auto room = buffer.room();
    const ssize_t got = ::recv(socket, room.data(), room.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) ::_exit(got == 0 ? kExitDone : kExitUsage);
    buffer.filled(static_cast<std::size_t>(got));
  }
}

}  // namespace

int run_worker(int socket) noexcept {
  // Ends with the thread that started it, however that ends; that the socket is closed does, too.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Who ends the service sends these to all of its processes; what is at work ends with it.
  for (const int signal : {SIGHUP, SIGINT, SIGTERM})
    static_cast<void>(std::signal(signal, SIG_IGN));
  // clearenv() would leave a null pointer, which jq 1.6 follows.
  std::array<char*, 1> no_environment{};
  environ = no_environment.data();
  FrameBuffer buffer;
  const Frame first = receive(socket, buffer);
  const auto limits = unpack_limits(first.payload);
  if (first.kind != FrameKind::kSetUp || !limits) return kExitUsage;
  Worker worker{socket, *limits};
  if (const auto prepared = worker.prepare(); !prepared) {
    worker.send({FrameKind::kUnfit, prepared.error().context});
    ::_exit(kExitUsage);
  }
  worker.send({FrameKind::kReady, {}});
  while (true) {
    worker.answer(receive(socket, buffer));
    buffer.clear();
  }
}

}  // namespace postrider::jq
