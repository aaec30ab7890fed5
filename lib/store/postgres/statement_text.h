// SQL with names for its parameters, as the .sql files have it, for a server that counts them.
#pragma once

#include <string>
#include <string_view>

namespace postrider::postgres {

struct StatementText {
  std::string sql;  ///< with $1, $2, ... by the first appearance of each name
  int params_count = 0;
};

/// `:name` in quotes and comments, and the `::` of casts, stay as they are.
[[nodiscard]] StatementText number_params(std::string_view sql);

}  // namespace postrider::postgres
