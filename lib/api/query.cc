#include "api/query.h"

#include <algorithm>

#include "base/limits.h"

namespace postrider::api {

std::optional<std::string> QueryReader::take_text(
    std::string_view name, std::string_view /*must*/
) {
  know(name);
  const auto value = request_.query_value(name);
  if (!value) return std::nullopt;
  return std::string(*value);
}

std::optional<std::string> QueryReader::take_number(std::string_view name, std::string_view must) {
  return take_text(name, must);
}

PageParams QueryReader::page() {
  PageParams page;
  page.limit = limits::kListLimitDefault;
  if (const auto limit = integer("limit", 1, static_cast<std::int64_t>(limits::kListLimitMax))) {
    page.limit = static_cast<std::size_t>(*limit);
  }
  page.cursor = take_text("cursor", {}).value_or("");
  return page;
}

ApiResult<void> QueryReader::check() {
  std::vector<std::string_view> seen;
  seen.reserve(request_.query.size());
  for (const auto& [name, value] : request_.query) {
    const bool repeated = std::find(seen.begin(), seen.end(), name) != seen.end();
    classify(name, repeated, "is not a query parameter of this route");
    seen.push_back(name);
  }
  return verdict();
}

}  // namespace postrider::api
