#include "service/key_usage.h"

#include <algorithm>

namespace postrider {

void KeyUsage::record(KeyId key, WallTime at) {
  const MutexLock lock(mutex_);
  WallTime& last = last_used_at_.try_emplace(key, at).first->second;
  last = std::max(last, at);
}

std::optional<WallTime> KeyUsage::unsaved(KeyId key) const {
  const MutexLock lock(mutex_);
  const auto found = last_used_at_.find(key);
  return found == last_used_at_.end() ? std::nullopt : std::optional{found->second};
}

std::vector<ApiKeyUse> KeyUsage::unsaved() const {
  std::vector<ApiKeyUse> uses;
  const MutexLock lock(mutex_);
  uses.reserve(last_used_at_.size());
  for (const auto& [key, at] : last_used_at_) uses.push_back({key, at});
  return uses;
}

void KeyUsage::saved(const std::vector<ApiKeyUse>& uses) {
  const MutexLock lock(mutex_);
  for (const auto& [key, at] : uses) {
    const auto found = last_used_at_.find(key);
    if (found != last_used_at_.end() && found->second == at) last_used_at_.erase(found);
  }
}

}  // namespace postrider
