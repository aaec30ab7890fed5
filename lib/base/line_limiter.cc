#include "base/line_limiter.h"

#include <algorithm>

namespace postrider::log {

bool LineLimiter::admit(
    int level, std::string_view message, std::string_view subject, MonoTime now
) {
  Window& window = window_of(message, now);
  window.level = level;
  auto by_subject = window.written_by_subject.find(subject);
  const int written = by_subject == window.written_by_subject.end() ? 0 : by_subject->second;
  if (written >= options_.lines_per_subject_max ||
      window.written >= options_.lines_per_message_max) {
    if (window.suppressed++ == 0) ++suppressed_windows_;
    return false;
  }
  ++window.written;
  ++window.written_by_subject[std::string{subject}];
  return true;
}

std::vector<LineLimiter::Suppressed> LineLimiter::take_ended(MonoTime now) {
  std::vector<Suppressed> ended;
  if (now < first_end_) return ended;
  first_end_ = MonoTime::max();
  for (auto it = windows_.begin(); it != windows_.end();) {
    const auto& [message, window] = *it;
    const MonoTime end = window.begun_at + options_.window;
    if (now < end) {
      first_end_ = std::min(first_end_, end);
      ++it;
      continue;
    }
    if (window.suppressed > 0) {
      --suppressed_windows_;
      const auto lasted = std::chrono::floor<Millis>(now - window.begun_at);
      ended.push_back({message, window.level, window.suppressed, lasted});
    }
    it = windows_.erase(it);
  }
  return ended;
}

std::vector<LineLimiter::Suppressed> LineLimiter::take_all(MonoTime now) {
  std::vector<Suppressed> all;
  for (const auto& [message, window] : windows_) {
    if (window.suppressed == 0) continue;
    const auto lasted = std::chrono::floor<Millis>(now - window.begun_at);
    all.push_back({message, window.level, window.suppressed, lasted});
  }
  windows_.clear();
  suppressed_windows_ = 0;
  first_end_ = MonoTime::max();
  return all;
}

LineLimiter::Window& LineLimiter::window_of(std::string_view message, MonoTime now) {
  if (const auto found = windows_.find(message); found != windows_.end()) return found->second;
  const bool full = windows_.size() >= options_.messages_max;
  const auto [entry, is_new] = windows_.try_emplace(full ? "other messages" : std::string{message});
  if (is_new) {
    entry->second.begun_at = now;
    first_end_ = std::min(first_end_, now + options_.window);
  }
  return entry->second;
}

}  // namespace postrider::log
