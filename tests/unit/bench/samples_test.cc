#include "bench/samples.h"

#include <gtest/gtest.h>

namespace postrider::testing {

TEST(Samples, TheirMedianIsTheMiddleWhateverTheirOrder) {
  EXPECT_EQ(bench::median({5, 1, 3}), 3);
  EXPECT_EQ(bench::median({7}), 7);
  EXPECT_EQ(bench::median({}), 0);
}

TEST(Samples, QuantilesAreSamples) {
  std::vector<double> samples;
  for (int i = 100; i >= 0; --i) samples.push_back(i);
  EXPECT_EQ(bench::quantile(samples, 0.99), 99);
  EXPECT_EQ(bench::quantile(samples, 0), 0);
  EXPECT_EQ(bench::quantile(samples, 1), 100);
}

TEST(Samples, MicrosecondsBecomeMilliseconds) {
  EXPECT_EQ(bench::to_ms({1500}), std::vector<double>{1.5});
}

}  // namespace postrider::testing
