// What stands in answers for credentials.
#pragma once

#include <string>
#include <string_view>

namespace postrider {

/// Stands for a value that is write-only. It is no value that can be set: in a PATCH it keeps the
/// stored value, in a POST it is refused.
inline constexpr std::string_view kMask = "********";

/// The URL with all that is behind its host hidden.
[[nodiscard]] inline std::string masked_url(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t end = url.find_first_of("/?", host);
  return std::string{url.substr(0, end)} + "/" + std::string{kMask};
}

/// Whether it is what masked_url() makes of some URL.
[[nodiscard]] inline bool is_masked_url(std::string_view url) { return masked_url(url) == url; }

}  // namespace postrider
