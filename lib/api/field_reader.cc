#include "api/field_reader.h"

#include <algorithm>

#include "base/limits.h"
#include "base/parse_number.h"
#include "domain/event.h"

namespace postrider::api {

void FieldReader::wrong(std::string_view name, std::string detail) {
  if (errors_.size() < limits::kFieldErrorsMax) {
    errors_.push_back({pointer_to("", name), std::move(detail)});
  }
}

std::string FieldReader::tenant() {
  auto text = take_text("tenant", "must be a string");
  if (!text) return {};
  check_tenant(*text, "/tenant", errors_);
  return std::move(*text);
}

std::string FieldReader::event_type(std::string_view name) {
  auto text = take_text(name, "must be a string");
  if (!text) return {};
  check_event_type(*text, pointer_to("", name), errors_);
  return std::move(*text);
}

std::optional<WallTime> FieldReader::instant(std::string_view name) {
  const std::string must =
      fmt::format("must be an instant like 2026-01-01T00:00:00.000Z{}", instant_hint_);
  const auto text = take_text(name, must);
  if (!text) return std::nullopt;
  const auto parsed = parse_rfc3339(*text);
  if (parsed) return *parsed;
  wrong(name, must);
  return std::nullopt;
}

std::optional<std::int64_t> FieldReader::integer(
    std::string_view name, std::int64_t min, std::int64_t max
) {
  const std::string must = fmt::format("must be an integer from {} to {}", min, max);
  const auto text = take_number(name, must);
  if (!text) return std::nullopt;
  const auto value = parse_number<std::int64_t>(*text);
  if (value && *value >= min && *value <= max) return value;
  wrong(name, must);
  return std::nullopt;
}

void FieldReader::classify(std::string_view name, bool repeated, std::string_view unknown) {
  if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
    wrong(name, std::string(unknown));
  } else if (repeated) {
    wrong(name, "is given more than once");
  }
}

ApiResult<void> FieldReader::verdict() {
  if (errors_.empty()) return {};
  return fail(invalid(std::move(errors_)));
}

}  // namespace postrider::api
