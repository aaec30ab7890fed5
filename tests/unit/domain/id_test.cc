#include "domain/id.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

constexpr WallTime kNow = from_unix_ms(1767225600000);

TEST(IdSequence, GrowsWithinAMillisecondAndWhenTheClockStepsBack) {
  IdSequence ids{0};
  const std::int64_t first = ids.next(kNow);
  EXPECT_EQ(first, first_id_at(kNow));
  EXPECT_EQ(ids.next(kNow), first + 1);
  EXPECT_EQ(ids.next(kNow - Millis{5000}), first + 2);
  EXPECT_EQ(ids.next(kNow + Millis{1}), first_id_at(kNow + Millis{1}));
}

TEST(IdCodec, DecodesWhatItEncodes) {
  const IdCodec codec{0x123456789abcdefULL};
  const EventId id{first_id_at(kNow) + 7};
  const std::string text = codec.encode(id);
  EXPECT_EQ(text.size(), 4U + 26U);
  EXPECT_EQ(codec.decode_event(text).value(), id);
  EXPECT_EQ(id.time(), kNow);
}

TEST(IdCodec, SortsAsTextLikeItsRows) {
  const IdCodec codec{0xfffffffffffffffULL};
  std::string before = codec.encode(EventId{first_id_at(kNow)});
  for (const std::int64_t step : {1LL, 31LL, 1LL << 20, 1LL << 30, 1LL << 40}) {
    const std::string after = codec.encode(EventId{first_id_at(kNow) + step});
    EXPECT_LT(before, after);
    before = after;
  }
}

TEST(IdCodec, RefusesOtherKindsOtherDatabasesAndGarbage) {
  const IdCodec codec{1};
  const IdCodec other{2};
  const std::string text = codec.encode(EventId{first_id_at(kNow)});
  EXPECT_EQ(codec.decode_delivery(text).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(other.decode_event(text).error().code, Errc::kNotFound);
  EXPECT_EQ(codec.decode_event("evt_").error().code, Errc::kInvalidArgument);
  EXPECT_EQ(
      codec.decode_event("evt_8zzzzzzzzzzzzzzzzzzzzzzzzz").error().code, Errc::kInvalidArgument
  );
  EXPECT_EQ(
      codec.decode_event("evt_0000000000000000000000000u").error().code, Errc::kInvalidArgument
  );
}

}  // namespace
}  // namespace postrider
