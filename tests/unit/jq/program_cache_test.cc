#include "jq/sandbox/program_cache.h"

#include <gtest/gtest.h>

namespace postrider::jq {
namespace {

/// Modules are refused before jq is asked, which takes its time.
Program cheap() { return Program{"module", nullptr}; }

TEST(ProgramCache, KeepsWhatWasUsedLast) {
  ProgramCache cache{2, 100};
  cache.add("a", cheap());
  cache.add("b", cheap());
  EXPECT_NE(cache.find("a"), nullptr);
  cache.add("c", cheap());
  EXPECT_NE(cache.find("a"), nullptr);
  EXPECT_EQ(cache.find("b"), nullptr);
  EXPECT_NE(cache.find("c"), nullptr);
}

TEST(ProgramCache, KeepsABoundedTextAndTheLastInAnyCase) {
  ProgramCache cache{10, 5};
  cache.add("aaa", cheap());
  cache.add("bb", cheap());
  EXPECT_NE(cache.find("aaa"), nullptr);
  cache.add("c", cheap());
  EXPECT_EQ(cache.find("bb"), nullptr);
  cache.add("longer than five", cheap());
  EXPECT_EQ(cache.find("aaa"), nullptr);
  EXPECT_NE(cache.find("longer than five"), nullptr);
}

TEST(ProgramCache, ForgetsWhatItIsTold) {
  ProgramCache cache{10, 100};
  cache.add("a", cheap());
  cache.forget("a");
  cache.forget("b");
  EXPECT_EQ(cache.find("a"), nullptr);
}

}  // namespace
}  // namespace postrider::jq
