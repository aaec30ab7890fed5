#include "store/postgres/statement_text.h"

#include <algorithm>
#include <vector>

namespace postrider::postgres {
namespace {

bool is_name(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

/// Where what begins at `at` and must not be looked into ends; `at` when nothing of that kind does.
std::size_t end_of_opaque(std::string_view sql, std::size_t at) {
  const auto behind = [&](std::size_t found, std::size_t length) {
    return found == std::string_view::npos ? sql.size() : found + length;
  };
  if (sql[at] == '\'' || sql[at] == '"') return behind(sql.find(sql[at], at + 1), 1);
  if (sql.substr(at, 2) == "--") return behind(sql.find('\n', at), 1);
  if (sql.substr(at, 2) == "::") return at + 2;
  return at;
}

}  // namespace

StatementText number_params(std::string_view sql) {
  StatementText text;
  std::vector<std::string_view> names;
  std::size_t at = 0;
  while (at < sql.size()) {
    if (const std::size_t end = end_of_opaque(sql, at); end > at) {
      text.sql += sql.substr(at, end - at);
      at = end;
      continue;
    }
    const bool is_param = sql[at] == ':' && at + 1 < sql.size() && is_name(sql[at + 1]);
    if (!is_param) {
      text.sql += sql[at++];
      continue;
    }
    const std::size_t begin = ++at;
    while (at < sql.size() && is_name(sql[at])) ++at;
    const std::string_view name = sql.substr(begin, at - begin);
    auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) found = names.insert(names.end(), name);
    text.sql += '$';
    text.sql += std::to_string(found - names.begin() + 1);
  }
  text.params_count = static_cast<int>(names.size());
  return text;
}

}  // namespace postrider::postgres
