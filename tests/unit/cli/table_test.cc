#include "app/postrider/table.h"

#include <sstream>

#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

std::string printed(const Table& table, std::size_t width) {
  std::ostringstream out;
  table.print(out, width);
  return out.str();
}

TEST(Table, AlignsColumns) {
  Table table({{"ID"}, {"STATE"}});
  table.add({"evt_1", "pending"});
  table.add({"e", "dead"});
  EXPECT_EQ(printed(table, 0), "ID     STATE\nevt_1  pending\ne      dead\n");
}

TEST(Table, AlignsWideCharactersAndCombiningMarks) {
  Table table({{"NAME"}, {"STATE"}});
  table.add({"東京支店", "active"});
  table.add({"cafe\u0301", "paused"});
  table.add({"ok 🚀", "dead"});
  EXPECT_EQ(
      printed(table, 0),
      "NAME      STATE\n"
      "東京支店  active\n"
      "cafe\u0301      paused\n"
      "ok 🚀     dead\n"
  );
}

TEST(Table, CutsBetweenCharacters) {
  Table table({{"ID"}, {"NAME", Table::Column::kFirst}});
  table.add({"1", "株式会社東京支店"});
  EXPECT_EQ(printed(table, 14), "ID  NAME\n1   株式会...\n") << "ten columns hold three and a half";
}

TEST(Table, CutsOnlyColumnsThatShrink) {
  Table table({{"ID"}, {"URL", Table::Column::kFirst}});
  table.add({"ep_0123456789", "https://example.com/a/long/path"});
  EXPECT_EQ(printed(table, 30), "ID             URL\nep_0123456789  https://exam...\n");
}

TEST(Table, StaysReadableOnATinyTerminal) {
  Table table({{"ID"}, {"URL", Table::Column::kFirst}});
  table.add({"ep_0123456789", "https://example.com/"});
  EXPECT_EQ(printed(table, 1), "ID             URL\nep_0123456789  http...\n");
}

TEST(Table, CutsTheLastResortOnlyOnceTheOthersHaveShrunk) {
  Table table({{"URL", Table::Column::kFirst}, {"NEXT", Table::Column::kLast}});
  table.add({"example.com/in", "circuit, in 4 min"});
  EXPECT_EQ(printed(table, 28), "URL        NEXT\nexampl...  circuit, in 4 min\n");
  EXPECT_EQ(printed(table, 24), "URL      NEXT\nexam...  circuit, in ...\n");
}

TEST(ReadableTime, DropsMillisecondsOfInstantsOnly) {
  EXPECT_EQ(readable_time("2026-01-01T10:20:30.123Z"), "2026-01-01 10:20:30Z");
  EXPECT_EQ(readable_time("soon"), "soon");
}

TEST(ReadableDuration, ChoosesAUnit) {
  EXPECT_EQ(readable_duration(12), "12 ms");
  EXPECT_EQ(readable_duration(3400), "3.4 s");
  EXPECT_EQ(readable_duration(300'000), "5 min");
}

}  // namespace
}  // namespace postrider::cli
