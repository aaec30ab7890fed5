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

TEST(Printable, LetsNoControlOrForeignByteThrough) {
  EXPECT_EQ(printable("a\x1b[2J\r\n\xc3\xa9\x7f~"), "a\\x1b[2J\\x0d\\n\\xc3\\xa9\\x7f~");
}

TEST(Table, AlignsColumns) {
  Table table({{"ID"}, {"STATE"}});
  table.add({"evt_1", "pending"});
  table.add({"e", "dead"});
  EXPECT_EQ(printed(table, 0), "ID     STATE\nevt_1  pending\ne      dead\n");
}

TEST(Table, CutsOnlyColumnsThatShrink) {
  Table table({{"ID"}, {"URL", true}});
  table.add({"ep_0123456789", "https://example.com/a/long/path"});
  EXPECT_EQ(printed(table, 30), "ID             URL\nep_0123456789  https://exam...\n");
}

TEST(Table, StaysReadableOnATinyTerminal) {
  Table table({{"ID"}, {"URL", true}});
  table.add({"ep_0123456789", "https://example.com/"});
  EXPECT_EQ(printed(table, 1), "ID             URL\nep_0123456789  https...\n");
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
