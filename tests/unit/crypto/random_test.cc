#include "crypto/random.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace postrider::crypto {
namespace {

TEST(Random, GivesAsManyBytesAsAskedFor) {
  for (const std::size_t count : {0U, 1U, 24U, 32U, 1000U}) {
    EXPECT_EQ(random_bytes(count).size(), count);
  }
}

TEST(Random, DoesNotRepeatItself) {
  std::set<std::string> texts;
  std::set<std::uint64_t> numbers;
  for (int i = 0; i < 1000; ++i) {
    texts.insert(random_bytes(16));
    numbers.insert(random_u64());
  }
  EXPECT_EQ(texts.size(), 1000U);
  EXPECT_EQ(numbers.size(), 1000U);
}

TEST(Random, FillsTheWholeRange) {
  std::uint64_t ones = 0;
  std::uint64_t zeros = 0;
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t number = random_u64();
    ones |= number;
    zeros |= ~number;
  }
  EXPECT_EQ(ones, ~0ULL);
  EXPECT_EQ(zeros, ~0ULL);
}

}  // namespace
}  // namespace postrider::crypto
