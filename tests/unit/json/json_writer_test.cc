#include "json/json_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace postrider::json {
namespace {

using testing::StartsWith;

TEST(AppendJsonString, KeepsUtf8AndReplacesWhatIsNone) {
  const auto written = [](std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
  };
  EXPECT_EQ(written("a\"\\\n\x01\x7F"), R"("a\"\\\n\u0001\u007f")");
  EXPECT_EQ(
      written("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\""
  );
  // A cut sequence, an overlong form, a surrogate, a lone continuation, a byte of no encoding.
  for (std::string_view bad :
       {"\xE2\x82", "\xC0\xAF", "\xED\xA0\x80", "\x80", "\xFF", "\xF5\x80"}) {
    const auto json = nlohmann::json::parse(written(bad), nullptr, false);
    ASSERT_FALSE(json.is_discarded());
    EXPECT_THAT(json.get<std::string>(), StartsWith("\xEF\xBF\xBD"));
  }
  EXPECT_EQ(written(std::string_view("\0", 1)), R"("\u0000")");
}

TEST(JsonObject, EscapesNamesWhenAsked) {
  std::string out;
  JsonObject object(out);
  object.number("n", 1);
  object.begin_escaped("a\"\n") += "true";
  object.end();
  EXPECT_EQ(out, R"({"n":1,"a\"\n":true})");
}

}  // namespace
}  // namespace postrider::json
