// Instants as subscribers and API callers write them: nothing they send may be misread or crash.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "base/clock.h"
#include "base/limits.h"
#include "domain/outcome.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using postrider::Millis;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto now = postrider::from_unix_ms(1'767'225'600'000);

  const auto instant = postrider::parse_rfc3339(text);
  // An offset may carry the first and last day out of the years that can be shown.
  if (instant && instant->time_since_epoch() > Millis{0} &&
      *instant < postrider::from_unix_ms(253'402'000'000'000)) {
    const auto again = postrider::parse_rfc3339(postrider::to_rfc3339(*instant));
    POSTRIDER_ASSERT(again && *again == *instant);
  }
  static_cast<void>(postrider::parse_http_date(text));

  const auto wait = postrider::parse_retry_after(text, now);
  if (wait) {
    POSTRIDER_ASSERT(*wait >= Millis{0});
    POSTRIDER_ASSERT(*wait <= Millis{postrider::limits::kRetryAfterMsMax});
  }
  return 0;
}
