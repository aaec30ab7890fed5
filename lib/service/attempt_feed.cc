#include "service/attempt_feed.h"

namespace postrider {

void AttemptFeed::publish(const std::vector<RecordedAttempt>& attempts) {
  if (attempts.empty()) return;
  {
    const MutexLock lock(mutex_);
    for (const auto& attempt : attempts) {
      items_.push_back({next_++, std::make_shared<const RecordedAttempt>(attempt)});
      if (items_.size() > kItemsMax) items_.pop_front();
    }
  }
  published_.notify_all();
}

std::uint64_t AttemptFeed::next_number() const {
  const MutexLock lock(mutex_);
  return next_;
}

std::vector<AttemptFeed::Item> AttemptFeed::wait_from(std::uint64_t number, Millis timeout) {
  const MutexLock lock(mutex_);
  if (next_ <= number && !closed_) static_cast<void>(published_.wait_for(mutex_, timeout));
  std::vector<Item> found;
  for (const auto& item : items_) {
    if (item.number >= number) found.push_back(item);
  }
  return found;
}

void AttemptFeed::close() {
  {
    const MutexLock lock(mutex_);
    closed_ = true;
  }
  published_.notify_all();
}

bool AttemptFeed::closed() const {
  const MutexLock lock(mutex_);
  return closed_;
}

}  // namespace postrider
