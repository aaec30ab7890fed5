#include "store/postgres/statement_text.h"

#include <gtest/gtest.h>

namespace postrider::postgres {
namespace {

TEST(StatementText, ParametersAreNumberedByTheirFirstAppearance) {
  const auto text = number_params("SELECT :b + :a, :b WHERE x = :a_1");
  EXPECT_EQ(text.sql, "SELECT $1 + $2, $1 WHERE x = $3");
  EXPECT_EQ(text.params_count, 3);
}

TEST(StatementText, WhatIsNoParameterStays) {
  const std::string sql = "SELECT ':a', x::text, \":b\" -- it's :c\n, y[1:2] : z";
  const auto text = number_params(sql + " = :d::bigint -- :e");
  EXPECT_EQ(text.sql, "SELECT ':a', x::text, \":b\" -- it's :c\n, y[1$1] : z = $2::bigint -- :e");
  EXPECT_EQ(text.params_count, 2) << "a slice of an array would have to be written with spaces";
}

TEST(StatementText, TextMayEndAnywhere) {
  for (const std::string sql : {"", ":", "a:", "'open", "-- open", "::"}) {
    EXPECT_EQ(number_params(sql).sql, sql);
    EXPECT_EQ(number_params(sql).params_count, 0);
  }
}

}  // namespace
}  // namespace postrider::postgres
