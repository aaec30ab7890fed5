// Converts named parameters, as the .sql files have them, into PostgreSQL's numbered ones.
#pragma once

#include <string>
#include <string_view>

namespace postrider::postgres {

struct StatementText {
  std::string sql;  ///< with $1, $2, ... by the first appearance of each name
  int params_count = 0;
};

/// Does not change `:name` in quotes and comments, or the `::` of casts.
[[nodiscard]] StatementText number_params(std::string_view sql);

}  // namespace postrider::postgres
