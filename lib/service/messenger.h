// Messenger is the thread that exchanges notifications with other nodes.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"
#include "service/news.h"
#include "store/node_channel.h"

namespace postrider {

/// Sends notifications to other nodes and passes on theirs. Notifications may be lost, so it
/// requests a full resync at regular intervals, and whenever it may have missed one. All methods
/// are thread-safe except start() and stop(), which only the owner calls.
class Messenger {
 public:
  /// Called on the messenger's thread. Neither function may block.
  struct Listener {
    std::function<void(News)> heard;
    /// Called when other nodes may have changed endpoints, keys or event types.
    std::function<void()> refresh;
  };

  /// `clock` outlives it.
  Messenger(std::unique_ptr<NodeChannel> channel, const Clock& clock);
  ~Messenger() { stop(); }
  Messenger(const Messenger&) = delete;
  Messenger& operator=(const Messenger&) = delete;

  /// Idempotent.
  void start(Listener listener);
  /// Sends the queued notifications and ends the thread. Idempotent.
  void stop();

  /// Queues the notifications for other nodes that news_for_others() returns. Never waits. They are
  /// sent at once, or after a few milliseconds if something was sent just before.
  void post(News news);

 private:
  void run() noexcept;
  /// Returns how long to wait for notifications of other nodes.
  [[nodiscard]] Millis patience() const;
  void send_queued();
  void hear(const std::vector<std::string>& messages) const;
  void look_at_everything();
  [[nodiscard]] bool stopping() const;

  const Clock& clock_;
  mutable Mutex mutex_;
  News queued_ POSTRIDER_GUARDED_BY(mutex_);
  bool has_queued_ POSTRIDER_GUARDED_BY(mutex_) = false;
  bool stopping_ POSTRIDER_GUARDED_BY(mutex_) = false;

  // Owned by the thread while it runs. Any thread may call the channel's wake().
  const std::unique_ptr<NodeChannel> channel_;
  Listener listener_;
  MonoTime look_at_;  // when the next full resync is due
  MonoTime send_at_;  // the earliest time of the next message
  bool failed_ = false;

  std::jthread thread_;
};

}  // namespace postrider
