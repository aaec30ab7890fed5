#include "api/query.h"

#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "domain/event.h"

namespace postrider::api {

std::optional<std::string_view> QueryReader::take(std::string_view name) {
  known_.push_back(name);
  return request_.query_value(name);
}

void QueryReader::wrong(std::string_view name, std::string detail) {
  if (errors_.size() < limits::kFieldErrorsMax) {
    errors_.push_back({pointer_to("", name), std::move(detail)});
  }
}

PageParams QueryReader::page() {
  PageParams page;
  page.limit = limits::kListLimitDefault;
  if (const auto limit = integer("limit", 1, static_cast<std::int64_t>(limits::kListLimitMax))) {
    page.limit = static_cast<std::size_t>(*limit);
  }
  page.cursor = take("cursor").value_or(std::string_view{});
  return page;
}

std::string QueryReader::tenant() {
  const auto text = take("tenant");
  if (!text) return {};
  check_tenant(*text, "/tenant", errors_);
  return std::string(*text);
}

std::string QueryReader::event_type(std::string_view name) {
  const auto text = take(name);
  if (!text) return {};
  check_event_type(*text, pointer_to("", name), errors_);
  return std::string(*text);
}

std::optional<WallTime> QueryReader::instant(std::string_view name) {
  const auto text = take(name);
  if (!text) return std::nullopt;
  const auto parsed = parse_rfc3339(*text);
  if (parsed) return *parsed;
  wrong(name, "must be an instant like 2026-01-01T00:00:00.000Z (a + is written %2B)");
  return std::nullopt;
}

std::optional<std::int64_t> QueryReader::integer(
    std::string_view name, std::int64_t min, std::int64_t max
) {
  const auto text = take(name);
  if (!text) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (failed == std::errc{} && end == text->data() + text->size() && value >= min && value <= max) {
    return value;
  }
  wrong(name, fmt::format("must be an integer from {} to {}", min, max));
  return std::nullopt;
}

Needed<void> QueryReader::check() {
  std::vector<std::string_view> seen;
  for (const auto& [name, value] : request_.query) {
    if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
      wrong(name, "is not a query parameter of this route");
    } else if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      wrong(name, "is given more than once");
    }
    seen.push_back(name);
  }
  if (errors_.empty()) return {};
  return refuse(invalid(std::move(errors_)));
}

}  // namespace postrider::api
