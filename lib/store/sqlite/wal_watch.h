// Wakes after commits to a database.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "store/change_watch.h"

namespace postrider::sqlite {

/// Watches the log beside a database (`<path>-wal`), which every commit of every process writes.
/// This is a hint: it may wake without a commit, and its caller also polls.
///
/// wait() belongs to one thread; wake() is thread-safe.
class WalWatch final : public ChangeWatch {
 public:
  /// The directory of `database` must exist. The database and its log may be removed and created
  /// again.
  [[nodiscard]] static Result<std::unique_ptr<WalWatch>> open(const std::string& database);

  WalWatch(const WalWatch&) = delete;
  WalWatch& operator=(const WalWatch&) = delete;
  ~WalWatch() override;

  bool wait(Millis timeout) override;
  void wake() noexcept override;

 private:
  WalWatch(int events, int notify, int timer, std::string log_name)
      : events_(events), notify_(notify), timer_(timer), log_name_(std::move(log_name)) {}

  [[nodiscard]] bool drain_wakes() const;
  [[nodiscard]] bool drain_events();

  const int events_;            // eventfd, written by wake()
  const int notify_;            // inotify of the directory
  const int timer_;             // timerfd of the current wait
  const std::string log_name_;  // without the directory
};

}  // namespace postrider::sqlite
