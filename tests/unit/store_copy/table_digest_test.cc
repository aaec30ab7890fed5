#include "store/copy/table_digest.h"

#include <vector>

#include <gtest/gtest.h>

namespace postrider::testing {
namespace {

using copy::TableDigest;
using copy::TableDigester;

Cell bytes(std::string_view value) { return {.kind = Cell::Kind::kBytes, .bytes = value}; }
Cell number(std::int64_t value) { return {.kind = Cell::Kind::kInteger, .integer = value}; }

TableDigest digest(const std::vector<std::vector<Cell>>& rows) {
  TableDigester digester;
  for (const auto& row : rows) digester.add(row);
  return digester.finish();
}

}  // namespace

TEST(TableDigest, IsEqualForEqualRows) {
  EXPECT_EQ(digest({{number(1), bytes("a")}}), digest({{number(1), bytes("a")}}));
  EXPECT_EQ(digest({}).rows, 0);
  const std::string large(200'000, 'x');
  EXPECT_EQ(digest({{bytes(large)}, {bytes("a")}}), digest({{bytes(large)}, {bytes("a")}}));
}

TEST(TableDigest, TellsValuesApart) {
  EXPECT_NE(digest({{Cell{}}}), digest({{bytes("")}}));
  EXPECT_NE(digest({{number(0)}}), digest({{Cell{}}}));
  EXPECT_NE(digest({{number(1)}}), digest({{number(-1)}}));
  EXPECT_NE(digest({{number(49)}}), digest({{bytes("1")}}));
  EXPECT_NE(digest({{bytes(std::string_view("a\0", 2))}}), digest({{bytes("a")}}));
}

TEST(TableDigest, TellsWhereAValueEnds) {
  EXPECT_NE(digest({{bytes("ab"), bytes("c")}}), digest({{bytes("a"), bytes("bc")}}));
  EXPECT_NE(digest({{bytes("a"), bytes("b")}}), digest({{bytes("b"), bytes("a")}}));
}

TEST(TableDigest, TellsTheOrderOfRows) {
  EXPECT_NE(digest({{number(1)}, {number(2)}}), digest({{number(2)}, {number(1)}}));
}

}  // namespace postrider::testing
