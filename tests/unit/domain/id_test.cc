#include "domain/id.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include <gtest/gtest.h>

#include "domain/partition.h"

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

TEST(IdSequence, CountsUpWhileTheClockIsWrongByCenturies) {
  IdSequence ids{0};
  const std::int64_t first = ids.next(kNow);
  EXPECT_EQ(ids.next(kIdTimeMax + std::chrono::hours{24 * 365 * 100}), first + 1);
  EXPECT_EQ(ids.next(WallTime{} - std::chrono::hours{24 * 365 * 100}), first + 2);
  EXPECT_EQ(ids.next(kNow + Millis{1}), first_id_at(kNow + Millis{1}));
}

TEST(IdSequence, NodesWithDifferentSlotsNeverDrawTheSameId) {
  std::set<std::int64_t> drawn;
  IdSequence first{0, 0};
  IdSequence second{0, 1};
  IdSequence last{0, 255};
  for (int i = 0; i < 10'000; ++i) {
    for (IdSequence* ids : {&first, &second, &last}) {
      const std::int64_t before = ids->last();
      EXPECT_TRUE(drawn.insert(ids->next(kNow)).second);
      EXPECT_LT(before, ids->last());
    }
  }
}

TEST(IdSequence, GoesOnBehindWhatOthersHaveDrawn) {
  IdSequence lower{0, 3};
  IdSequence higher{0, 7};
  for (int i = 0; i < 5000; ++i) {
    const std::int64_t theirs = higher.next(kNow);
    lower.skip_to(theirs);
    const std::int64_t ours = lower.next(kNow);
    EXPECT_LT(theirs, ours);
    higher.skip_to(ours);
  }
  EXPECT_LT(EventId{lower.last()}.time() - kNow, Millis{5001}) << "a millisecond per turn";
}

TEST(Partitions, ShareEndpointsEvenlyAlsoThoseOfOneMillisecond) {
  std::array<int, kPartitionsCount> counts{};
  IdSequence ids{0, 5};
  for (int i = 0; i < 256 * 200; ++i)
    ++counts.at(partition_of(EndpointId{ids.next(kNow + Millis{i / 100})}));
  EXPECT_GT(*std::min_element(counts.begin(), counts.end()), 120);
  EXPECT_LT(*std::max_element(counts.begin(), counts.end()), 280);
}

TEST(Partitions, StayWhereTheyAre) {
  // Nodes of different versions have to agree.
  EXPECT_EQ(partition_of(EndpointId{first_id_at(kNow)}), 47U);
  EXPECT_EQ(partition_of(EndpointId{1}), 44U);
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

TEST(IdCodec, WritesARowThatCannotExistAsAnIdOfNothing) {
  const IdCodec codec{1};
  for (const std::int64_t row : {kNoRow, std::numeric_limits<std::int64_t>::min()}) {
    const std::string text = codec.encode(EndpointId{row});
    EXPECT_EQ(text.size(), 29U) << text;
    EXPECT_EQ(codec.decode_endpoint(text).error().code, Errc::kNotFound) << text;
  }
}

TEST(FirstIdAt, HoldsWithinWhatIdsCanSay) {
  EXPECT_EQ(first_id_at(WallTime{} - Millis{1}), 0);
  EXPECT_GT(first_id_at(kIdTimeMax), 0);
  EXPECT_EQ(first_id_at(parse_rfc3339("9999-12-31T23:59:59Z").value()), first_id_at(kIdTimeMax));
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
