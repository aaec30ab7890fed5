#include "base/prng.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

TEST(Prng, RepeatsItselfFromItsSeed) {
  Prng first{42};
  Prng second{42};
  Prng other{43};
  EXPECT_EQ(first.next(), second.next());
  EXPECT_NE(first.next(), other.next());
}

TEST(Prng, StaysWithinItsBounds) {
  Prng prng{1};
  for (int i = 0; i < 1000; ++i) {
    EXPECT_LT(prng.below(3), 3U);
    const double unit = prng.unit();
    EXPECT_GE(unit, 0.0);
    EXPECT_LT(unit, 1.0);
  }
}

}  // namespace
}  // namespace postrider
