// The mask that replaces credentials in responses.
#pragma once

#include <string>
#include <string_view>

namespace postrider {

/// Replaces a write-only value in responses. It cannot be set as a value: in a PATCH it keeps the
/// stored value, in a POST it is rejected.
inline constexpr std::string_view kMask = "********";

/// Returns the URL with everything behind its host masked.
[[nodiscard]] inline std::string masked_url(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t end = url.find_first_of("/?", host);
  return std::string{url.substr(0, end)} + "/" + std::string{kMask};
}

/// Whether masked_url() can have returned this text.
[[nodiscard]] inline bool is_masked_url(std::string_view url) { return masked_url(url) == url; }

}  // namespace postrider
