#include "bench/mark.h"

#include <gtest/gtest.h>

namespace postrider::testing {

TEST(Mark, IsFoundInABodyThatWrapsItsData) {
  std::string body = R"({"type":"a","data":)";
  bench::append_marked_data(body, {4'294'967'295U, 1'234'567'890'123}, 500);
  body += '}';
  bench::Mark mark;
  ASSERT_TRUE(bench::find_mark(body, mark));
  EXPECT_EQ(mark.number, 4'294'967'295U);
  EXPECT_EQ(mark.emitted_us, 1'234'567'890'123);
}

TEST(Mark, MakesDataOfExactlyTheSizeAskedFor) {
  for (const std::size_t bytes : {bench::kMarkBytesMin, std::size_t{500}, std::size_t{50'000}}) {
    std::string data;
    bench::append_marked_data(data, {}, bytes);
    EXPECT_EQ(data.size(), bytes);
  }
}

TEST(Mark, IsNotFoundWhereItIsMissingOrCut) {
  std::string data;
  bench::append_marked_data(data, {}, 100);
  bench::Mark mark;
  EXPECT_FALSE(bench::find_mark(R"({"n":1})", mark));
  EXPECT_FALSE(bench::find_mark(std::string_view{data}.substr(0, 30), mark));
}

}  // namespace postrider::testing
