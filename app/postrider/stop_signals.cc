#include "app/postrider/stop_signals.h"

#include <csignal>

#include <unistd.h>

namespace postrider::cli {
namespace {

sigset_t stop_set() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

sigset_t all_set() {
  sigset_t set = stop_set();
  sigaddset(&set, SIGUSR1);
  return set;
}

}  // namespace

StopSignals::StopSignals() {
  const sigset_t set = all_set();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

StopSignals::Reason StopSignals::wait() const {
  const sigset_t set = all_set();
  int signal = 0;
  while (sigwait(&set, &signal) != 0) {
  }
  return signal == SIGUSR1 ? Reason::kInterrupted : Reason::kAsked;
}

bool StopSignals::pause(Millis time) const {
  const sigset_t set = stop_set();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = std::chrono::nanoseconds{time - seconds};
  const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = rest.count()};
  return sigtimedwait(&set, nullptr, &timeout) < 0;
}

void StopSignals::raise() { static_cast<void>(::kill(::getpid(), SIGTERM)); }

void StopSignals::interrupt() { static_cast<void>(::kill(::getpid(), SIGUSR1)); }

}  // namespace postrider::cli
