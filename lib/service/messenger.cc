#include "service/messenger.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "base/log.h"
#include "service/node_messages.h"

namespace postrider {
namespace {

/// The time between full resyncs, which make up for lost notifications.
constexpr Millis kLookEvery{10'000};
/// The shortest time between two messages: each costs a transaction here and a statement on every
/// node that receives it. The first message after a pause is sent at once.
constexpr Millis kSendEvery{5};

}  // namespace

Messenger::Messenger(std::unique_ptr<NodeChannel> channel, const Clock& clock)
    : clock_(clock), channel_(std::move(channel)) {}

void Messenger::start(Listener listener) {
  if (thread_.joinable()) return;
  listener_ = std::move(listener);
  look_at_ = clock_.mono_now() + kLookEvery;
  thread_ = std::jthread([this] { run(); });
}

void Messenger::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  channel_->wake();
  if (thread_.joinable()) thread_.join();
}

void Messenger::post(News news) {
  if (!says_anything(news)) return;
  bool is_first = false;
  {
    const MutexLock lock(mutex_);
    append(queued_, std::move(news), limits::kDispatcherInboxMax);
    is_first = !std::exchange(has_queued_, true);
  }
  if (is_first) channel_->wake();
}

bool Messenger::stopping() const {
  const MutexLock lock(mutex_);
  return stopping_;
}

void Messenger::run() noexcept {
  while (true) {
    const bool is_last = stopping();
    if (is_last || clock_.mono_now() >= send_at_) send_queued();
    if (is_last) return;
    const auto heard = channel_->wait(patience());
    if (heard) hear(*heard);
    if (!heard && !failed_)
      log::warning(
          "cannot receive notifications from other nodes", {{"reason", heard.error().context}}
      );
    if (!heard || clock_.mono_now() >= look_at_) look_at_everything();
    failed_ = !heard;
  }
}

Millis Messenger::patience() const {
  bool has_queued = false;
  {
    const MutexLock lock(mutex_);
    has_queued = has_queued_;
  }
  const MonoTime until = has_queued ? std::min(send_at_, look_at_) : look_at_;
  return std::max(std::chrono::ceil<Millis>(until - clock_.mono_now()), Millis{0});
}

void Messenger::send_queued() {
  News news;
  {
    const MutexLock lock(mutex_);
    news = std::exchange(queued_, {});
    has_queued_ = false;
  }
  for (const auto& message : encode_messages(news)) {
    if (channel_->send(message)) {
      send_at_ = clock_.mono_now() + kSendEvery;
      continue;
    }
    // Other nodes may have missed this message, so the next one asks them for a full resync.
    const MutexLock lock(mutex_);
    queued_.all_again = true;
    return;
  }
}

void Messenger::hear(const std::vector<std::string>& messages) const {
  bool refresh = false;
  News news;
  for (const auto& message : messages) {
    if (message == kRefreshMessage) {
      refresh = true;
      continue;
    }
    auto said = decode_message(message);
    if (said) {
      append(news, std::move(*said), limits::kDispatcherInboxMax);
    } else {
      log::warning(
          "ignoring a malformed notification from another node", {{"reason", said.error().context}}
      );
    }
  }
  if (refresh) listener_.refresh();
  if (says_anything(news)) listener_.heard(std::move(news));
}

void Messenger::look_at_everything() {
  look_at_ = clock_.mono_now() + kLookEvery;
  News news;
  news.all_again = true;
  listener_.refresh();
  listener_.heard(std::move(news));
}

}  // namespace postrider
