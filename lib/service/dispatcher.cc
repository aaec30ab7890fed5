#include "service/dispatcher.h"

#include <algorithm>
#include <iterator>

#include "base/limits.h"
#include "base/log.h"

namespace postrider {
namespace {

/// The longest sleep: the wall clock may be set meanwhile, which moves what is due.
constexpr Millis kSleepMax{1000};
/// The longest sleep while nothing is scheduled at all.
constexpr Millis kIdleSleepMax{60'000};
/// How soon a lane that could not be read is read again.
constexpr Millis kReadRetry{100};

template <class T>
void append(std::vector<T>& to, std::vector<T>&& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

Dispatcher::Dispatcher(Parts parts, const Clock& clock, Writer& writer)
    : clock_(clock),
      writer_(writer),
      transport_(std::move(parts.transport)),
      reader_(std::move(parts.reader)),
      engine_(
          std::move(parts.engine),
          IdCodec{reader_->id_salt()},
          *reader_,
          *transport_,
          outbox_,
          Prng{parts.seed}
      ) {}

Status Dispatcher::start() {
  if (thread_.joinable()) return {};
  auto endpoints = reader_->all_endpoints();
  if (!endpoints) return tl::unexpected(std::move(endpoints).error());
  for (auto& endpoint : *endpoints)
    engine_.put_endpoint(std::make_shared<const Endpoint>(std::move(endpoint)));
  auto waiting = reader_->waiting_endpoints();
  if (!waiting) return tl::unexpected(std::move(waiting).error());
  for (const auto& [endpoint, due_at] : *waiting) engine_.read_again(endpoint);
  thread_ = std::jthread([this] { run(); });
  return {};
}

std::size_t Dispatcher::drain(Millis timeout) {
  const MonoTime end = clock_.mono_now() + timeout;
  const MutexLock lock(mutex_);
  draining_ = true;
  transport_->wake();
  while (in_flight_ > 0 && !stopping_) {
    const auto left = std::chrono::ceil<Millis>(end - clock_.mono_now());
    if (left <= Millis{0}) break;
    static_cast<void>(drained_.wait_for(mutex_, left));
  }
  return in_flight_;
}

void Dispatcher::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  transport_->wake();
  if (thread_.joinable()) thread_.join();
}

void Dispatcher::tell(News news) {
  {
    const MutexLock lock(mutex_);
    append(news_.endpoints, std::move(news.endpoints));
    if (news_.fresh.size() + news.fresh.size() > limits::kDispatcherInboxMax) {
      for (const auto& fresh : news.fresh) news_.read_again.push_back(fresh.delivery.endpoint);
    } else {
      append(news_.fresh, std::move(news.fresh));
    }
    append(news_.read_again, std::move(news.read_again));
    append(news_.deliveries_changed, std::move(news.deliveries_changed));
    append(news_.settled, std::move(news.settled));
    append(news_.endpoints_removed, std::move(news.endpoints_removed));
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

std::size_t Dispatcher::in_flight() const {
  const MutexLock lock(mutex_);
  return in_flight_;
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
  take_news();
  const WallTime wall_now = clock_.wall_now();
  const MonoTime mono_now = clock_.mono_now();
  const Status ticked = engine_.tick(wall_now, mono_now, std::move(completions));
  if (!outbox_.settlements.empty()) writer_.settle(std::exchange(outbox_.settlements, {}));
  {
    const MutexLock lock(mutex_);
    in_flight_ = engine_.in_flight();
    if (in_flight_ == 0) drained_.notify_all();
  }
  if (!ticked) {
    if (!read_failed_)
      log::error("the outbox cannot be read", {{"reason", ticked.error().context}});
    read_failed_ = true;
    return kReadRetry;
  }
  read_failed_ = false;
  const auto idle = engine_.idle_for(wall_now, mono_now);
  return idle ? std::min(*idle, kSleepMax) : kIdleSleepMax;
}

void Dispatcher::take_news() {
  News news;
  bool writable = true;
  bool draining = false;
  {
    const MutexLock lock(mutex_);
    news = std::exchange(news_, {});
    writable = writable_;
    draining = draining_;
  }
  engine_.set_writable(writable);
  if (draining) engine_.drain();
  apply(std::move(news));
}

void Dispatcher::apply(News news) {
  // Endpoints come before the deliveries that need them and go after what still concerns them.
  for (auto& endpoint : news.endpoints) engine_.put_endpoint(std::move(endpoint));
  const WallTime now = clock_.wall_now();
  for (auto& fresh : news.fresh) engine_.hand_over(std::move(fresh), now);
  for (const EndpointId endpoint : news.read_again) engine_.read_again(endpoint);
  for (const auto& [delivery, endpoint] : news.deliveries_changed)
    engine_.delivery_changed(delivery, endpoint);
  for (const auto& settled : news.settled) {
    engine_.settled(settled.delivery, settled.endpoint, settled.applied, settled.due_at);
  }
  for (const EndpointId endpoint : news.endpoints_removed) engine_.remove_endpoint(endpoint);
}

}  // namespace postrider
