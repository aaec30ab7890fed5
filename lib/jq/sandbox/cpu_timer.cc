#include "jq/sandbox/cpu_timer.h"

#include <cerrno>

#include "base/assert.h"
#include "base/system_error.h"

namespace postrider::jq {
namespace {

timespec to_timespec(std::chrono::microseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  const std::chrono::nanoseconds rest = time - seconds;
  return {.tv_sec = seconds.count(), .tv_nsec = rest.count()};
}

}  // namespace

Status CpuTimer::create(int signal, void* value) {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = signal;
  event.sigev_value.sival_ptr = value;
  if (::timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer_) == 0) return {};
  return fail_system(Errc::kUnavailable, "cannot measure processor time", errno);
}

void CpuTimer::start(Millis limit) {
  const std::chrono::microseconds time = limit;
  const itimerspec spec{.it_interval = to_timespec(time / 2), .it_value = to_timespec(time)};
  // Without its timer a program could run for ever.
  POSTRIDER_ASSERT(::timer_settime(timer_, 0, &spec, nullptr) == 0);
}

void CpuTimer::stop() {
  const itimerspec none{};
  POSTRIDER_ASSERT(::timer_settime(timer_, 0, &none, nullptr) == 0);
}

}  // namespace postrider::jq
