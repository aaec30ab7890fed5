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

}  // namespace

StopSignals::StopSignals() {
  const sigset_t set = stop_set();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void StopSignals::wait() const {
  const sigset_t set = stop_set();
  int signal = 0;
  while (sigwait(&set, &signal) != 0) {
  }
}

void StopSignals::raise() { static_cast<void>(::kill(::getpid(), SIGTERM)); }

}  // namespace postrider::cli
