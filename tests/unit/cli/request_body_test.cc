#include "app/postrider/request_body.h"

#include <gtest/gtest.h>

#include "app/postrider/input.h"

namespace postrider::cli {
namespace {

TEST(RequestBody, HasWhatWasGiven) {
  RequestBody body;
  EXPECT_TRUE(body.empty());
  body.add_given("none", std::optional<std::string>());
  body.add_given("empty", std::vector<std::string>());
  EXPECT_TRUE(body.empty());
  body.add("a\"", "x\ny");
  body.add_json("data", "{\"b\": 1.10}", "DATA");
  body.add_given("n", std::optional<std::int64_t>(7));
  body.add_given("list", std::vector<std::string>{"p", "q"});
  EXPECT_EQ(body.take(), R"({"a\"":"x\ny","data":{"b": 1.10},"n":7,"list":["p","q"]})");
}

TEST(RequestBody, KeepsTheFirstThingThatIsWrong) {
  RequestBody body;
  body.add("description", "\xff");
  body.add_json("data", "{", "DATA");
  const auto taken = body.take();
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Errc::kInvalidArgument);
  EXPECT_EQ(taken.error().context, "description is not valid UTF-8");
}

TEST(CheckJson, TakesOneValueOnly) {
  for (const char* good : {"{}", " [1, 2] ", "\"x\"", "-1.5E+400", "null", R"({"a":"}"})"}) {
    EXPECT_TRUE(check_json(good, "DATA")) << good;
  }
  for (const char* bad :
       {"", " ", "1,2", R"({},"tenant":"x")", "{", "[}", "\"", "{}}", "1 2", "'x'", "nan"}) {
    EXPECT_FALSE(check_json(bad, "DATA")) << bad;
  }
}

TEST(ParseHeader, SplitsAtTheFirstColon) {
  const auto parsed = parse_header("X-Team: a: b");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, (std::pair<std::string, std::string>("X-Team", "a: b")));
  EXPECT_EQ(parse_header("X:")->second, "");
  EXPECT_FALSE(parse_header(": x"));
  EXPECT_FALSE(parse_header("x"));
}

}  // namespace
}  // namespace postrider::cli
