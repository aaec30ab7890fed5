#include "app/postrider/terminal_text.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

TEST(Printable, ShowsTextOfEveryLanguageAsItIs) {
  for (const char* text :
       {"plain ~", "café", "cafe\u0301", "東京支店", "مرحبا", "🚀 👩‍💻", "\u00a0"}) {
    EXPECT_EQ(printable(text), text);
  }
}

TEST(Printable, EscapesWhatATerminalActsOn) {
  const std::vector<std::pair<std::string, std::string>> texts{
      {"a\x1b[2J\r\n\t\x7f", "a\\x1b[2J\\x0d\\n\\t\\x7f"},
      {std::string("\0", 1), "\\x00"},
      {"\u0080\u009b31m\u009f", "\\u0080\\u009b31m\\u009f"},
      {"a\u202etxt.exe", "a\\u202etxt.exe"},
      {"\u202a\u2066\u2069\u200e\u200f\u061c", "\\u202a\\u2066\\u2069\\u200e\\u200f\\u061c"}};
  for (const auto& [text, shown] : texts) EXPECT_EQ(printable(text), shown);
}

TEST(Printable, EscapesBytesThatAreNotUtf8) {
  EXPECT_EQ(printable("\xff"), "\\xff");
  EXPECT_EQ(printable("\xc3"), "\\xc3") << "cut off";
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf") << "overlong";
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
  EXPECT_EQ(
      printable("\xe6\x9d\xb1\x9b"
                "a"),
      "東\\x9ba"
  );
}

TEST(PrintableJson, EscapesAsJsonDoes) {
  EXPECT_EQ(
      printable_json("{\"a\":\"東 \u009b \u202e \x7f\"}"), "{\"a\":\"東 \\u009b \\u202e \\u007f\"}"
  );
}

TEST(DisplayWidth, CountsColumns) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("café"), 4U);
  EXPECT_EQ(display_width("cafe\u0301"), 4U);
  EXPECT_EQ(display_width("東京"), 4U);
  EXPECT_EQ(display_width("🚀"), 2U);
  EXPECT_EQ(display_width("ﾊﾟ"), 2U) << "half-width";
}

TEST(CutToWidth, KeepsCharactersWhole) {
  EXPECT_EQ(cut_to_width("abcdef", 6), "abcdef");
  EXPECT_EQ(cut_to_width("abcdef", 5), "ab...");
  EXPECT_EQ(cut_to_width("東京支店", 8), "東京支店");
  EXPECT_EQ(cut_to_width("東京支店", 7), "東京...");
  EXPECT_EQ(cut_to_width("東京支店", 6), "東...");
  EXPECT_EQ(cut_to_width("e\u0301e\u0301e\u0301e\u0301e\u0301", 4), "e\u0301...");
  EXPECT_EQ(cut_to_width("abc", 2), "..");
}

TEST(CutMiddleToWidth, KeepsTheBeginningAndTheEnd) {
  EXPECT_EQ(cut_middle_to_width("hooks.example.com/in", 20), "hooks.example.com/in");
  EXPECT_EQ(cut_middle_to_width("hooks.example.com/in", 12), "hooks...m/in");
  EXPECT_EQ(cut_middle_to_width("hooks.example.com/in", 4), "h...");
  EXPECT_EQ(cut_middle_to_width("hooks.example.com/in", 2), "..");
  EXPECT_EQ(cut_middle_to_width("東京支店", 7), "東...店");
  EXPECT_EQ(cut_middle_to_width("abcde\u0301f", 5), "a...f") << "the mark goes with its letter";
}

}  // namespace
}  // namespace postrider::cli
