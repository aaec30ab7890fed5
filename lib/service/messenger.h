// The thread that talks to the other nodes.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"
#include "service/news.h"
#include "store/node_channel.h"

namespace postrider {

/// Sends what other nodes have to know and passes on what they say. Messages may be lost: now and
/// then, and whenever it cannot tell whether one was missed, it says to look at everything.
/// Thread-safe but for start() and stop(), which belong to the owner.
class Messenger {
 public:
  /// On the messenger's thread; neither may wait.
  struct Listener {
    std::function<void(News)> heard;
    /// Endpoints, keys or event types may have been changed.
    std::function<void()> refresh;
  };

  /// `clock` outlives it.
  Messenger(std::unique_ptr<NodeChannel> channel, const Clock& clock);
  ~Messenger() { stop(); }
  Messenger(const Messenger&) = delete;
  Messenger& operator=(const Messenger&) = delete;

  /// Idempotent.
  void start(Listener listener);
  /// Sends what is queued and ends the thread. Idempotent.
  void stop();

  /// Queues news for other nodes; see news_for_others(). Never waits. They are sent within
  /// milliseconds, at once unless something was sent just before.
  void post(News news);

 private:
  void run() noexcept;
  /// How long to wait for messages of others.
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

  // Owned by the thread while it runs; wake() of the channel is for everybody.
  const std::unique_ptr<NodeChannel> channel_;
  Listener listener_;
  MonoTime look_at_;  // when everything is looked at next
  MonoTime send_at_;  // nothing is sent before
  bool failed_ = false;

  std::jthread thread_;
};

}  // namespace postrider
