// Origins (scheme, host, port) that asked for a pause of all requests.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace postrider {

/// Pauses all endpoints of an origin after a response whose classification says so, until its
/// Retry-After. Only Discord asks for it. Usually no origin is paused, and until() then costs
/// nothing.
class HostThrottle {
 public:
  /// The longest pause: a response to one endpoint must not stop the others for longer.
  static constexpr Millis kMax = std::chrono::minutes{10};

  void throttle(std::string_view url, MonoTime now, Millis wait) {
    for (auto old = until_.begin(); old != until_.end();)
      old = old->second <= now ? until_.erase(old) : std::next(old);
    MonoTime& until = until_[std::string{host_of(url)}];
    until = std::max(until, now + std::min(wait, kMax));
  }

  /// The end of the pause, or nothing when requests may be sent to the host.
  [[nodiscard]] std::optional<MonoTime> until(std::string_view url, MonoTime now) const {
    if (until_.empty()) return std::nullopt;
    const auto found = until_.find(host_of(url));
    if (found == until_.end() || found->second <= now) return std::nullopt;
    return found->second;
  }

 private:
  /// Scheme, host and port, as written in the URL.
  [[nodiscard]] static std::string_view host_of(std::string_view url) {
    const std::size_t scheme = url.find("://");
    return url.substr(
        0, url.find_first_of("/?", scheme == std::string_view::npos ? 0 : scheme + 3)
    );
  }

  std::map<std::string, MonoTime, std::less<>> until_;
};

}  // namespace postrider
