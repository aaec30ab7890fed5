#include "service/holdings.h"

#include <gtest/gtest.h>

namespace postrider::testing {
namespace {

Partitions only(std::size_t partition) { return Partitions{}.set(partition); }

/// What a commit says that adopted those, or abandoned them.
Effects adopted(const Partitions& owned) {
  Effects effects;
  effects.owned = owned;
  return effects;
}
Effects abandoned(const Partitions& partitions) {
  Effects effects;
  effects.abandoned = partitions;
  return effects;
}

}  // namespace

TEST(Holdings, AsksForAnAdoptionUntilItIsCommitted) {
  Holdings holdings;
  EXPECT_EQ(holdings.keep(only(7)).adopt, only(7));
  EXPECT_EQ(holdings.keep(only(7)).adopt, only(7));
  holdings.committed(adopted(only(7)));
  EXPECT_TRUE(holdings.keep(only(7)).adopt.none());
  EXPECT_EQ(holdings.owned(), only(7));
}

TEST(Holdings, AsksForAbandoningUntilItIsCommittedAndThenForNothing) {
  Holdings holdings;
  holdings.committed(adopted(only(7)));
  EXPECT_EQ(holdings.give_up(only(7)).abandon, only(7));
  EXPECT_EQ(holdings.give_up(only(7)).abandon, only(7));
  holdings.committed(abandoned(only(7)));
  const Holdings::Asked asked = holdings.give_up(only(7));
  EXPECT_TRUE(asked.abandon.none());
  EXPECT_TRUE(asked.adopt.none()) << "what is in flight for it may still be there";
}

TEST(Holdings, SurplusThatWasNeverAdoptedIsAdoptedSoThatItCanBeGivenBack) {
  Holdings holdings;
  // The adoption fails; then another node joins.
  static_cast<void>(holdings.keep(only(7)));
  EXPECT_EQ(holdings.give_up(only(7)).adopt, only(7));
  holdings.committed(adopted(only(7)));
  const Holdings::Asked asked = holdings.give_up(only(7));
  EXPECT_TRUE(asked.adopt.none());
  EXPECT_EQ(asked.abandon, only(7));
}

TEST(Holdings, PartitionThatComesBackIsLikeANewOne) {
  Holdings holdings;
  holdings.committed(adopted(only(7)));
  holdings.committed(abandoned(only(7)));
  // It was given back; the others have left, and come again before the adoption is committed.
  EXPECT_EQ(holdings.keep(only(7)).adopt, only(7));
  EXPECT_EQ(holdings.give_up(only(7)).adopt, only(7));
}

}  // namespace postrider::testing
