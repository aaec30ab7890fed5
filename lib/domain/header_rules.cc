#include "domain/header_rules.h"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/limits.h"

namespace postrider {
namespace {

/// Headers of the connection (RFC 9110 §7.6.1), and headers that Postrider sets on every request.
constexpr std::array<std::string_view, 14> kReservedNames = {
    "connection",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent"};
constexpr std::array<std::string_view, 3> kReservedPrefixes = {
    "content-", "webhook-", "postrider-"};
constexpr std::array<std::string_view, 8> kCredentialWords = {
    "auth", "cookie", "credential", "key", "passw", "secret", "signature", "token"};

std::string lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower_ascii(c); });
  return out;
}

bool is_token_char(char c) {
  if ((c >= '0' && c <= '9') || (lower_ascii(c) >= 'a' && lower_ascii(c) <= 'z')) return true;
  return std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

bool is_reserved(std::string_view name) {
  const std::string folded = lower(name);
  const auto begins = [&](std::string_view prefix) { return folded.starts_with(prefix); };
  return std::find(kReservedNames.begin(), kReservedNames.end(), folded) != kReservedNames.end() ||
         std::any_of(kReservedPrefixes.begin(), kReservedPrefixes.end(), begins);
}

}  // namespace

void check_header(
    std::string_view name, std::string_view value, std::string_view pointer, FieldErrors& errors
) {
  const auto add = [&](std::string detail) {
    errors.push_back({std::string{pointer}, std::move(detail)});
  };
  if (name.empty() || name.size() > limits::kHeaderNameLengthMax ||
      !std::all_of(name.begin(), name.end(), is_token_char)) {
    return add(fmt::format(
        "is no header name: 1 to {} letters, digits and !#$%&'*+-.^_`|~",
        limits::kHeaderNameLengthMax
    ));
  }
  if (is_reserved(name)) return add("is a header that Postrider or the connection sets itself");
  if (value.empty() || value.size() > limits::kHeaderValueLengthMax) {
    return add(fmt::format("must be 1 to {} bytes", limits::kHeaderValueLengthMax));
  }
  if (!std::all_of(value.begin(), value.end(), is_printable_ascii)) {
    return add("must be printable ASCII, without control characters");
  }
  if (value.front() == ' ' || value.back() == ' ') add("must not begin or end with a space");
}

bool same_header_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return lower_ascii(x) == lower_ascii(y);
  });
}

bool is_write_only_header(std::string_view name) {
  const std::string folded = lower(name);
  return std::any_of(kCredentialWords.begin(), kCredentialWords.end(), [&](std::string_view word) {
    return folded.find(word) != std::string::npos;
  });
}

}  // namespace postrider
