#include "json/raw_json.h"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postrider::json {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string problem(std::string_view text, RawOptions options = {}) {
  const auto document = parse_raw(text, options);
  return document ? "" : document.error().context;
}

std::string repeat(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

TEST(RawJson, AcceptsWhatRfc8259Allows) {
  const std::vector<std::string> texts = {
      "null",
      "true",
      "false",
      "0",
      "-0",
      "-0.0",
      "1E400",
      "-1e-999999999999",
      "1E+2",
      "0.10",
      "12345678901234567890123",
      std::string(5000, '9'),
      "\"\"",
      "[]",
      "{}",
      " [ ] ",
      "\t{\n}\r",
      "[1,2]",
      R"({"a":1,"a":2})",
      R"({"":{"":[]}})",
      R"("\u0041\"\\\/\b\f\n\r\t")",
      R"("\ud83d\ude00")",
      R"("\uD83D\uDE00")",
      R"("\u0000")",
      "\"\x7f\"",
      "\"\xC3\xA9\"",
      "\"\xE2\x82\xAC\"",
      "\"\xED\x9F\xBF\"",
      "\"\xEE\x80\x80\"",
      "\"\xF0\x9F\x98\x80\"",
      "\"\xF4\x8F\xBF\xBF\"",
      "\"\xEF\xBB\xBF\"",
      "\"plain text of more than eight bytes\""};
  for (const auto& text : texts) EXPECT_EQ(problem(text), "") << text.substr(0, 60);
}

TEST(RawJson, RefusesWhatIsNoJson) {
  const std::vector<std::string> texts = {
      "",
      " ",
      "nul",
      "nullx",
      "True",
      "tru",
      "falsey",
      "NaN",
      "Infinity",
      "-Infinity",
      "-",
      "+1",
      "01",
      "-01",
      "1.",
      ".5",
      "1.e2",
      "1e",
      "1e+",
      "0x10",
      "1 2",
      "1,",
      "[1,]",
      "[,1]",
      "[1 2]",
      "[",
      "]",
      "[1",
      "[1}",
      "{",
      "}",
      "{]",
      R"({"a"})",
      R"({"a":})",
      R"({"a":1,})",
      R"({,"a":1})",
      R"({a:1})",
      R"({'a':1})",
      R"({1:1})",
      R"({"a" 1})",
      R"({"a":1 "b":2})",
      R"({"a":1)",
      "\"",
      "\"abc",
      "\"a\\",
      "\"\\x41\"",
      "\"\\u12\"",
      "\"\\u12g4\"",
      "\"\\U0041\"",
      "\"a\nb\"",
      "\"a\tb\"",
      "'a'",
      "// c\n1",
      "/* */1",
      "[1]#",
      "\v1",
      "\xC2\xA0"
      "1",
      "{}{}"};
  for (const auto& text : texts) EXPECT_NE(problem(text), "") << text;
}

TEST(RawJson, RefusesNulBytesWhereverTheyAre) {
  using namespace std::string_literals;
  for (const auto& text : {"\0"s, "1\0"s, "1\0x"s, "[\0]"s, "\"a\0b\""s, "\0001"s, "{\"a\"\0:1}"s})
    EXPECT_NE(problem(text), "");
}

TEST(RawJson, RefusesInvalidUtf8) {
  for (const char* bytes :
       {"\x80",
        "\xBF",
        "\xC0\x80",
        "\xC1\xBF",
        "\xC3",
        "\xC3(",
        "\xE0\x80\x80",
        "\xE0\x9F\xBF",
        "\xE2\x82",
        "\xE2(\xA1",
        "\xED\xA0\x80",
        "\xED\xBF\xBF",
        "\xF0\x80\x80\x80",
        "\xF0\x8F\xBF\xBF",
        "\xF0\x9F\x98",
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xFE",
        "\xFF"})
    EXPECT_THAT(problem("\"eight bytes and " + std::string{bytes} + "\""), HasSubstr("UTF-8"));
}

TEST(RawJson, RefusesInvalidUtf8InNamesToo) {
  EXPECT_THAT(problem("{\"\xFF\":1}"), HasSubstr("UTF-8"));
}

TEST(RawJson, RefusesUnpairedSurrogates) {
  for (const char* text :
       {R"("\ud800")",
        R"("\udc00")",
        R"("\uDFFF")",
        R"("\ud800x")",
        R"("\ud800\n")",
        R"("\ud800\u0041")",
        R"("\ud800\ud800")",
        R"("\ude00\ud83d")",
        R"({"\udc00":1})"})
    EXPECT_THAT(problem(text), HasSubstr("surrogate")) << text;
}

TEST(RawJson, RefusesAByteOrderMark) {
  EXPECT_THAT(problem("\xEF\xBB\xBF{}"), HasSubstr("byte order mark"));
}

TEST(RawJson, BoundsTheDepthAndNotTheBreadth) {
  const auto nested = [](std::size_t depth) { return repeat("[", depth) + repeat("]", depth); };
  EXPECT_EQ(problem(nested(512)), "");
  EXPECT_THAT(problem(nested(513)), HasSubstr("512"));
  EXPECT_THAT(problem(repeat("{\"a\":", 513) + "1" + repeat("}", 513)), HasSubstr("512"));
  EXPECT_EQ(problem("[" + repeat("[],", 5000) + "[]]"), "");
}

TEST(RawJson, SurvivesAMillionOpenBrackets) {
  EXPECT_NE(problem(std::string(1'000'000, '[')), "");
  EXPECT_NE(problem(repeat("{\"\":", 250'000)), "");
  EXPECT_EQ(
      problem(std::string(100'000, '[') + std::string(100'000, ']'), {.depth_max = 100'000}), ""
  );
}

TEST(RawJson, SaysWhereItIsWrong) {
  EXPECT_THAT(problem("{\"a\":1,\n \"b\":tru}"), StartsWith("line 2, column 6: "));
  EXPECT_THAT(problem("[1,\n2,\n\n  x]"), StartsWith("line 4, column 3: "));
  EXPECT_THAT(problem("[1"), StartsWith("line 1, column 3: "));
  EXPECT_THAT(problem("\"abc\\q\""), StartsWith("line 1, column 5: "));
}

TEST(RawJson, NeverShowsTheTextInAnError) {
  EXPECT_THAT(problem("{\"secret\":whsec_abc}"), testing::Not(HasSubstr("whsec")));
}

TEST(RawJson, GivesTheExactBytesOfEachValue) {
  const std::string text =
      " { \"data\" : { \"b\" : 1.10 , \"a\":12345678901234567890123,\"s\":\"\\u0041  x\" } , "
      "\"n\":[ 1 , 2 ]\n} ";
  const auto document = parse_raw(text, {.levels = 1});
  ASSERT_TRUE(document);
  ASSERT_EQ(document->values.size(), 3U);
  EXPECT_EQ(document->values[0].text, std::string_view{text}.substr(1, text.size() - 2));
  EXPECT_EQ(document->values[1].key, "data");
  EXPECT_EQ(
      document->values[1].text, R"({ "b" : 1.10 , "a":12345678901234567890123,"s":"\u0041  x" })"
  );
  EXPECT_EQ(document->values[2].text, "[ 1 , 2 ]");
  EXPECT_EQ(document->values[2].count, 2U);
  EXPECT_EQ(document->values[2].kind, Kind::kArray);
  EXPECT_EQ(document->values[2].parent, 0U);
}

TEST(RawJson, RecordsDownToTheLevelAskedFor) {
  const std::string_view text = R"({"a":[[1],{"x":2}],"b":3})";
  const std::vector<std::size_t> sizes = {1, 3, 5, 7, 7};
  for (std::size_t levels = 0; levels < sizes.size(); ++levels) {
    const auto document = parse_raw(text, {.levels = levels});
    ASSERT_TRUE(document);
    EXPECT_EQ(document->values.size(), sizes[levels]) << levels;
    EXPECT_EQ(document->values[0].end, sizes[levels]);
    EXPECT_EQ(document->values[0].count, 2U);
  }
}

TEST(RawJson, LinksChildrenInTheOrderOfTheText) {
  const auto document = parse_raw(R"([[1,2],{"k":3},"s"])", {.levels = 2});
  ASSERT_TRUE(document);
  const auto& values = document->values;
  std::vector<std::string_view> children;
  for (std::uint32_t i = 1; i < values[0].end; i = values[i].end) {
    EXPECT_EQ(values[i].parent, 0U);
    children.push_back(values[i].text);
  }
  EXPECT_THAT(children, testing::ElementsAre("[1,2]", R"({"k":3})", "\"s\""));
  EXPECT_EQ(values[5].key, "k");
  EXPECT_EQ(values[5].parent, 4U);
}

TEST(RawJson, MarksRepeatedNamesByTheirDecodedForm) {
  const auto document = parse_raw(R"({"data":1,"d\u0061ta":2,"x":{"a":1,"a":2},"a":3})", {});
  ASSERT_TRUE(document);
  ASSERT_EQ(document->values.size(), 5U);
  EXPECT_FALSE(document->values[1].duplicate);
  EXPECT_TRUE(document->values[2].duplicate);
  EXPECT_FALSE(document->values[3].duplicate);
  EXPECT_FALSE(document->values[4].duplicate);
}

TEST(RawJson, FindsARepeatedNameAmongMany) {
  std::string text = "{";
  for (int i = 0; i < 20'000; ++i) text += "\"k" + std::to_string(i) + "\":0,";
  text += "\"k777\":1}";
  const auto document = parse_raw(text, {});
  ASSERT_TRUE(document);
  for (std::size_t i = 1; i < document->values.size(); ++i)
    EXPECT_EQ(document->values[i].duplicate, i == 20'001) << i;
}

TEST(RawJson, StopsRecordingButNotCountingAboveTheBound) {
  const auto document =
      parse_raw("[" + repeat("[1,2],", 99) + "[1,2]]", {.levels = 2, .values_max = 10});
  ASSERT_TRUE(document);
  EXPECT_TRUE(document->truncated);
  EXPECT_EQ(document->values.size(), 10U);
  EXPECT_EQ(document->values[0].count, 100U);
  EXPECT_NE(problem("[1,2,3,x]", {.values_max = 2}), "");
}

TEST(RawJson, DecodesStrings) {
  EXPECT_EQ(decode_string(R"("")"), "");
  EXPECT_EQ(decode_string(R"("a\"\\\/\b\f\n\r\tz")"), "a\"\\/\b\f\n\r\tz");
  EXPECT_EQ(decode_string(R"("\u0041\u00e9\u20AC\ud83d\ude00")"), "A\u00e9\u20ac\U0001F600");
  EXPECT_EQ(decode_string(R"("\u0000")"), std::string(1, '\0'));
}

TEST(Minified, LosesOnlySpaceBetweenTokens) {
  EXPECT_EQ(minified(" { \"a b\" :\n [ 1.10 , \" \\\" \" ] }\n"), "{\"a b\":[1.10,\" \\\" \"]}");
  EXPECT_EQ(minified(""), "");
}

TEST(Minified, KeepsTheRestFromAStringThatIsNone) {
  EXPECT_EQ(minified("{ \"a\" : \"b c"), "{\"a\":\"b c");
}

}  // namespace
}  // namespace postrider::json
