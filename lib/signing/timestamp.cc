#include "signing/timestamp.h"

#include <charconv>
#include <cstddef>

namespace postrider::signing {
namespace {

/// Enough digits for 30,000 years, and too few to overflow as milliseconds.
constexpr std::size_t kDigitsMax = 12;

tl::unexpected<Error> refuse(std::string_view what, std::string_view why) {
  return fail(Errc::kInvalidArgument, std::string{what} + " " + std::string{why});
}

}  // namespace

Result<WallTime> parse_timestamp(std::string_view text, std::string_view what) {
  std::int64_t seconds = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seconds);
  const bool whole = error == std::errc{} && stop == end && text.size() <= kDigitsMax;
  if (!whole || seconds < 0) return refuse(what, "is not a number of Unix seconds");
  return from_unix_ms(seconds * 1000);
}

Status check_not_old(WallTime signed_at, const Received& received, std::string_view what) {
  if (signed_at < received.now - received.tolerance) return refuse(what, "is too old");
  return {};
}

Status check_near(WallTime signed_at, const Received& received, std::string_view what) {
  if (signed_at > received.now + received.tolerance)
    return refuse(what, "is too far in the future");
  return check_not_old(signed_at, received, what);
}

}  // namespace postrider::signing
