#include "base/clock.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

TEST(Clock, ShowsInstantsWithMillisecondsInUtc) {
  EXPECT_EQ(to_rfc3339(from_unix_ms(1767225600000)), "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(from_unix_ms(1767225600000 + 86'399'007)), "2026-01-01T23:59:59.007Z");
  EXPECT_EQ(to_rfc3339(from_unix_ms(-1)), "1969-12-31T23:59:59.999Z");
}

TEST(Clock, ReadsWhatItShows) {
  for (const std::int64_t ms :
       {0LL, 1LL, 951'782'400'000LL, 1'767'225'600'123LL, 4'102'444'799'999LL}) {
    EXPECT_EQ(unix_ms(parse_rfc3339(to_rfc3339(from_unix_ms(ms))).value()), ms);
  }
}

TEST(Clock, ReadsOffsetsAndFractions) {
  EXPECT_EQ(unix_ms(parse_rfc3339("2026-01-01T01:00:00+01:00").value()), 1767225600000);
  EXPECT_EQ(unix_ms(parse_rfc3339("2025-12-31T19:00:00.5-05:00").value()), 1767225600500);
  EXPECT_EQ(unix_ms(parse_rfc3339("2026-01-01t00:00:00.123456789z").value()), 1767225600123);
}

TEST(Clock, ReadsEveryYearThatItCanShow) {
  for (const char* text : {"0000-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"}) {
    EXPECT_EQ(to_rfc3339(parse_rfc3339(text).value()), text);
  }
}

TEST(Clock, RefusesWhatIsNoInstant) {
  for (const char* text :
       {"",
        "2026",
        "2026-01-01",
        "2026-02-30T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00Zx",
        "2026-01-01T00:00:00+25:00",
        "-026-01-01T00:00:00Z",
        "2026-01-01T00:60:00Z",
        "0000-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

TEST(Clock, ReadsHttpDates) {
  EXPECT_EQ(unix_ms(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").value()), 784111777000);
  EXPECT_FALSE(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"));
  EXPECT_FALSE(parse_http_date("Sun, 06 Xxx 1994 08:49:37 GMT"));
}

}  // namespace
}  // namespace postrider
