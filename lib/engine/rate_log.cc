#include "engine/rate_log.h"

#include <algorithm>

namespace postrider {

void RateLog::record(MonoTime at) {
  // What an earlier process stored may lie in the future of this one's clock.
  if (!sent_.empty()) at = std::max(at, sent_.back());
  while (!sent_.empty() && sent_.front() + rate_.period <= at) sent_.pop_front();
  sent_.push_back(at);
}

std::size_t RateLog::room(MonoTime now) const {
  const auto first = std::upper_bound(sent_.begin(), sent_.end(), now - rate_.period);
  const auto count = static_cast<std::size_t>(sent_.end() - first);
  const auto limit = static_cast<std::size_t>(rate_.limit);
  return count < limit ? limit - count : 0;
}

std::optional<MonoTime> RateLog::full_until(MonoTime now) const {
  const auto limit = static_cast<std::size_t>(rate_.limit);
  if (sent_.size() < limit) return std::nullopt;
  const MonoTime until = sent_[sent_.size() - limit] + rate_.period;
  if (until <= now) return std::nullopt;
  return until;
}

std::optional<MonoTime> RateLog::matters_until(MonoTime now) const {
  if (sent_.empty() || sent_.back() + rate_.period <= now) return std::nullopt;
  return sent_.back() + rate_.period;
}

}  // namespace postrider
