#include "service/dispatcher.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "base/log.h"

namespace postrider {
namespace {

/// The longest sleep while something is scheduled. The wall clock may be set meanwhile, which
/// changes which deliveries are due.
constexpr Millis kSleepMax{1000};
/// The longest sleep while nothing is scheduled.
constexpr Millis kIdleSleepMax{60'000};
/// The pause before a failed read is retried.
constexpr Millis kReadRetry{100};

Error stopping_error() { return {Errc::kUnavailable, 0, "the service is stopping"}; }

/// Removes the completions of test requests and returns them.
std::vector<Completion> take_completions_of_tests(std::vector<Completion>& completions) {
  const auto first =
      std::stable_partition(completions.begin(), completions.end(), [](const Completion& one) {
        return !TestRequests::owns(one.id);
      });
  std::vector<Completion> taken(
      std::make_move_iterator(first), std::make_move_iterator(completions.end())
  );
  completions.erase(first, completions.end());
  return taken;
}

}  // namespace

Dispatcher::Dispatcher(Parts parts, const Clock& clock, Writer& writer)
    : clock_(clock),
      writer_(writer),
      transport_(std::move(parts.transport)),
      reader_(std::move(parts.reader)),
      template_queue_(parts.programs, [this] { transport_->wake(); }),
      engine_(
          parts.engine,
          IdCodec{reader_->id_salt()},
          {*reader_, *transport_, template_queue_, outbox_},
          Prng{parts.seed}
      ),
      tests_(std::move(parts.engine.request), parts.test_ids, *transport_, template_queue_),
      engine_inbox_(engine_, *reader_),
      abandoned_(std::move(parts.abandoned)) {}

Status Dispatcher::start() {
  if (thread_.joinable()) return {};
  if (auto told = take_news(); !told) return told;
  thread_ = std::jthread([this] { run(); });
  return {};
}

void Dispatcher::begin_drain() {
  {
    const MutexLock lock(mutex_);
    draining_ = true;
  }
  transport_->wake();
}

std::size_t Dispatcher::drain(Millis timeout) {
  const MonoTime end = clock_.mono_now() + timeout;
  begin_drain();
  const MutexLock lock(mutex_);
  while (in_flight_ > 0 && !stopping_ && !drain_is_cut_) {
    const auto left = std::chrono::ceil<Millis>(end - clock_.mono_now());
    if (left <= Millis{0}) break;
    static_cast<void>(drained_.wait_for(mutex_, left));
  }
  return in_flight_;
}

void Dispatcher::cut_drain() {
  {
    const MutexLock lock(mutex_);
    drain_is_cut_ = true;
  }
  drained_.notify_all();
}

void Dispatcher::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  transport_->wake();
  if (thread_.joinable()) thread_.join();
  tests_.abort(stopping_error());
  std::vector<TestRequest> unsent;
  {
    const MutexLock lock(mutex_);
    unsent = std::exchange(new_tests_, {});
  }
  for (const auto& test : unsent) test.done(tl::unexpected(stopping_error()));
}

void Dispatcher::send_test(TestRequest test) {
  if (auto refused = enqueue_test(test)) return test.done(tl::unexpected(std::move(*refused)));
  transport_->wake();
}

std::optional<Error> Dispatcher::enqueue_test(TestRequest& test) {
  const MutexLock lock(mutex_);
  if (draining_ || stopping_) return stopping_error();
  if (new_tests_.size() >= limits::kTestsInFlightMax) return TestRequests::no_room();
  new_tests_.push_back(std::move(test));
  return std::nullopt;
}

void Dispatcher::tell(News news) {
  {
    const MutexLock lock(mutex_);
    append(news_, std::move(news), limits::kDispatcherInboxMax);
  }
  transport_->wake();
}

void Dispatcher::set_writable(bool writable) {
  {
    const MutexLock lock(mutex_);
    writable_ = writable;
  }
  transport_->wake();
}

void Dispatcher::send_until(MonoTime end) {
  bool could_send = true;
  {
    const MutexLock lock(mutex_);
    could_send = clock_.mono_now() < std::exchange(send_until_, end);
  }
  if (!could_send) transport_->wake();
}

std::size_t Dispatcher::in_flight() const {
  const MutexLock lock(mutex_);
  return in_flight_;
}

bool Dispatcher::can_read() const {
  const MutexLock lock(mutex_);
  return can_read_;
}

void Dispatcher::run() noexcept {
  std::vector<Completion> completions;
  while (true) {
    {
      const MutexLock lock(mutex_);
      if (stopping_) return;
    }
    const Millis wait = turn(std::exchange(completions, {}));
    transport_->poll(wait, completions);
  }
}

Millis Dispatcher::turn(std::vector<Completion> completions) {
  for (auto& result : template_queue_.take()) {
    if (TestRequests::owns(result.id)) {
      tests_.take_template_result(std::move(result));
    } else {
      engine_.take_template_result(std::move(result));
    }
  }
  // Tests run first, because reading pages of the store may take a while.
  const Millis tests_idle = run_tests(take_completions_of_tests(completions));
  return std::min(tests_idle, run_engine(std::move(completions)));
}

Millis Dispatcher::run_tests(std::vector<Completion> completions) {
  std::vector<TestRequest> fresh;
  bool draining = false;
  {
    const MutexLock lock(mutex_);
    fresh = std::exchange(new_tests_, {});
    draining = draining_;
  }
  const WallTime wall_now = clock_.wall_now();
  const MonoTime mono_now = clock_.mono_now();
  for (auto& test : fresh) tests_.start(std::move(test), wall_now, mono_now);
  tests_.advance(std::move(completions), wall_now, mono_now);
  if (draining) tests_.abort(stopping_error());
  return tests_.idle_for(mono_now).value_or(kIdleSleepMax);
}

Millis Dispatcher::run_engine(std::vector<Completion> completions) {
  const Status told = take_news();
  const WallTime wall_now = clock_.wall_now();
  const MonoTime mono_now = clock_.mono_now();
  Status ticked = engine_.tick(wall_now, mono_now, std::move(completions));
  if (ticked) ticked = told;
  if (const auto changes = engine_.take_backpressure_changes(); !changes.empty())
    backpressure_.apply(changes);
  if (const Partitions idle = engine_inbox_.take_abandoned(); idle.any()) abandoned_(idle);
  if (!outbox_.settlements.empty()) {
    writer_.settle(
        std::exchange(outbox_.settlements, {}), std::exchange(outbox_.urgency, Urgency::kCanWait)
    );
  }
  bool could_read = true;
  {
    const MutexLock lock(mutex_);
    in_flight_ = engine_.in_flight();
    if (in_flight_ == 0) drained_.notify_all();
    could_read = std::exchange(can_read_, ticked.has_value());
  }
  if (!ticked) {
    if (could_read)
      log::error("cannot read pending deliveries", {{"reason", ticked.error().context}});
    return kReadRetry;
  }
  if (engine_inbox_.is_resyncing()) return Millis{0};
  const bool awaits = engine_.awaits_endpoints();
  if (awaits) ask_for_endpoints(mono_now);
  const auto idle = engine_.idle_for(wall_now, mono_now);
  if (awaits) return std::min(idle.value_or(kReadRetry), kReadRetry);
  return idle ? std::min(*idle, kSleepMax) : kIdleSleepMax;
}

void Dispatcher::ask_for_endpoints(MonoTime now) {
  if (now < ask_again_at_) return;
  ask_again_at_ = now + kReadRetry;
  writer_.refresh();
}

Status Dispatcher::take_news() {
  News news;
  bool writable = true;
  bool draining = false;
  {
    const MutexLock lock(mutex_);
    news = std::exchange(news_, {});
    writable = writable_ && clock_.mono_now() < send_until_;
    draining = draining_;
  }
  if (draining) engine_.drain();
  Status told = engine_inbox_.apply(std::move(news), clock_.wall_now(), clock_.mono_now());
  engine_.set_writable(writable && told);
  return told;
}

}  // namespace postrider
