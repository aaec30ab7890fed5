#include "app/postrider/json_view.h"

#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

TEST(JsonView, KeepsTheBytesOfValues) {
  const JsonView view(R"({"id":"x","data": {"b":1.10, "a":12345678901234567890123} })");
  EXPECT_EQ(view["data"].raw(), R"({"b":1.10, "a":12345678901234567890123})");
  EXPECT_EQ(view["data"]["b"].text(), "1.10");
  EXPECT_FALSE(view["none"].exists());
}

TEST(JsonView, UnescapesStrings) {
  EXPECT_EQ(
      JsonView(R"("a\"\\\/\n\u0041\u00e9\ud83d\ude00")").text(), "a\"\\/\nA\xc3\xa9\xf0\x9f\x98\x80"
  );
  EXPECT_EQ(JsonView("null").text(), "");
}

TEST(JsonView, FindsMembersWhoseNamesLookLikeSyntax) {
  const JsonView view(R"({"a,}":[1,"]",{"x":[]}],"b":2})");
  EXPECT_EQ(view["a,}"].elements().size(), 3U);
  EXPECT_EQ(view["b"].integer(), 2);
}

TEST(JsonView, EndsOnMalformedText) {
  for (const char* text :
       {"", "{", "{\"a", "{\"a\":", "[1,", "[}", "{]", "\"\\", "\"\\u12", "{,:}", "[,,]"}) {
    const JsonView view(text);
    EXPECT_TRUE(view.members().empty()) << text;
    static_cast<void>(view.elements());
    static_cast<void>(view.text());
  }
}

TEST(JsonView, DoesNotExistWhenMoreFollows) {
  EXPECT_FALSE(JsonView("1 2").exists());
  EXPECT_FALSE(JsonView("{}}").exists());
}

TEST(JsonView, ShowsWhatIsDeeperThanAnEventMayBe) {
  std::string deep(2000, '[');
  deep.append(2000, ']');
  const std::string answer = "{\"data\":" + deep + ",\"id\":\"x\"}";
  const JsonView view(answer);
  EXPECT_EQ(view["data"].raw(), deep);
  EXPECT_EQ(view["data"].elements().size(), 1U);
  EXPECT_EQ(view["id"].text(), "x");
}

}  // namespace
}  // namespace postrider::cli
