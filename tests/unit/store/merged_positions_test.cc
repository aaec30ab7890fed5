#include "store/merged_positions.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

namespace postrider {
namespace {

/// Lists of endpoints, newest first, that count how many places were read of them.
class Lists {
 public:
  void add(std::int64_t endpoint, std::vector<std::int64_t> ids) {
    lists_[endpoint] = std::move(ids);
  }

  [[nodiscard]] MergedPositions merged(std::int64_t before = kIdMax) {
    std::vector<EndpointId> endpoints;
    for (const auto& [endpoint, ids] : lists_) endpoints.push_back({endpoint});
    const auto fetch =
        [this](EndpointId endpoint, const ListPosition& behind, std::size_t rows_max) {
          std::vector<ListPosition> part;
          for (const std::int64_t id : lists_[endpoint.value]) {
            if (id < behind.id && part.size() < rows_max) part.push_back({.at_ms = 0, .id = id});
          }
          read_ += part.size();
          return Result<std::vector<ListPosition>>{std::move(part)};
        };
    return {endpoints, {.at_ms = 0, .id = before}, fetch};
  }

  [[nodiscard]] std::size_t read() const { return read_; }

 private:
  std::map<std::int64_t, std::vector<std::int64_t>> lists_;
  std::size_t read_ = 0;
};

std::vector<std::int64_t> take(MergedPositions& places, std::size_t rows_max) {
  std::vector<std::int64_t> ids;
  const auto taken = places.take(rows_max);
  for (const ListPosition& place : taken.value()) ids.push_back(place.id);
  return ids;
}

TEST(MergedPositions, TakesTheNewestOfAllLists) {
  Lists lists;
  lists.add(1, {9, 4, 1});
  lists.add(2, {});
  lists.add(3, {8, 7, 2});
  MergedPositions places = lists.merged();
  EXPECT_EQ(take(places, 4), (std::vector<std::int64_t>{9, 8, 7, 4}));
  EXPECT_EQ(take(places, 4), (std::vector<std::int64_t>{2, 1}));
  EXPECT_TRUE(take(places, 4).empty());
}

TEST(MergedPositions, BeginsBehindItsPlace) {
  Lists lists;
  lists.add(1, {9, 4, 1});
  lists.add(2, {8, 5});
  MergedPositions places = lists.merged(5);
  EXPECT_EQ(take(places, 9), (std::vector<std::int64_t>{4, 1}));
}

TEST(MergedPositions, ReadsLongListsInParts) {
  Lists lists;
  std::vector<std::int64_t> ids;
  for (std::int64_t id = 10'000; id > 0; --id) ids.push_back(id);
  lists.add(1, ids);
  lists.add(2, {10'001});
  MergedPositions places = lists.merged();
  EXPECT_EQ(take(places, 2), (std::vector<std::int64_t>{10'001, 10'000}));
  EXPECT_LT(lists.read(), 20U);
  EXPECT_EQ(take(places, 20'000).size(), 9999U);
}

TEST(MergedPositions, PassesErrorsOn) {
  const auto fetch = [](EndpointId, const ListPosition&, std::size_t
                     ) -> Result<std::vector<ListPosition>> {
    return fail(Errc::kUnavailable, "no database");
  };
  MergedPositions places({{1}}, {.at_ms = 0, .id = 1}, fetch);
  EXPECT_EQ(places.take(1).error().code, Errc::kUnavailable);
}

}  // namespace
}  // namespace postrider
