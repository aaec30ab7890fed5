#include "app/postrider/stop_signals.h"

#include <csignal>

#include <unistd.h>

namespace postrider::cli {
namespace {

sigset_t all_set() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
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

void StopSignals::raise() { static_cast<void>(::kill(::getpid(), SIGTERM)); }

void StopSignals::interrupt() { static_cast<void>(::kill(::getpid(), SIGUSR1)); }

}  // namespace postrider::cli
