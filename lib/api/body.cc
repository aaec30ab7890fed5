#include "api/body.h"

#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "domain/event.h"

namespace postrider::api {

std::string media_type(const http::Request& request) {
  std::string_view value = request.headers.get("Content-Type");
  value = value.substr(0, value.find(';'));
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  std::string type(value);
  std::transform(type.begin(), type.end(), type.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return type;
}

Needed<void> require_json(const http::Request& request) {
  const std::string type = media_type(request);
  if (type.empty() || type == "application/json") return {};
  if (request.method == "PATCH" && type == "application/merge-patch+json") return {};
  return refuse(problem(415, "The body has to be sent with content-type: application/json."));
}

Needed<BodyReader> BodyReader::open(const http::Request& request) {
  if (request.body.empty()) return BodyReader(json::RawDocument{});
  if (auto json = require_json(request); !json) return refuse(std::move(json).error());
  auto document = json::parse_raw(request.body, json::RawOptions{});
  if (!document) {
    return refuse(problem(400, fmt::format("The body is no JSON: {}.", document.error().context)));
  }
  if (document->values.front().kind != json::Kind::kObject) {
    return refuse(invalid("", "must be an object"));
  }
  if (document->truncated) return refuse(invalid("", "has too many members"));
  return BodyReader(std::move(*document));
}

void BodyReader::wrong(std::string_view name, std::string detail) {
  if (errors_.size() < limits::kFieldErrorsMax) {
    errors_.push_back({pointer_to("", name), std::move(detail)});
  }
}

const json::RawValue* BodyReader::find(std::string_view name) const {
  for (std::size_t i = 1; i < document_.values.size(); ++i) {
    if (document_.values[i].key == name) return &document_.values[i];
  }
  return nullptr;
}

bool BodyReader::is_null(std::string_view name) const {
  const auto* value = find(name);
  return value != nullptr && value->kind == json::Kind::kNull;
}

const json::RawValue* BodyReader::take(
    std::string_view name, json::Kind kind, std::string_view must
) {
  known_.push_back(name);
  const auto* value = find(name);
  if (value == nullptr || value->kind == json::Kind::kNull) return nullptr;
  if (value->kind == kind) return value;
  wrong(name, std::string(must));
  return nullptr;
}

std::optional<std::string> BodyReader::text(std::string_view name, std::size_t length_max) {
  const auto* value = take(name, json::Kind::kString, "must be a string");
  if (value == nullptr) return std::nullopt;
  std::string decoded = json::decode_string(value->text);
  if (decoded.size() <= length_max) return decoded;
  wrong(name, fmt::format("must be at most {} bytes long", length_max));
  return std::nullopt;
}

std::optional<bool> BodyReader::boolean(std::string_view name) {
  const auto* value = take(name, json::Kind::kBool, "must be true or false");
  if (value == nullptr) return std::nullopt;
  return value->text == "true";
}

std::optional<std::int64_t> BodyReader::integer(
    std::string_view name, std::int64_t min, std::int64_t max
) {
  const std::string must = fmt::format("must be an integer from {} to {}", min, max);
  const auto* value = take(name, json::Kind::kNumber, must);
  if (value == nullptr) return std::nullopt;
  const auto& text = value->text;
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed == std::errc{} && end == text.data() + text.size() && number >= min && number <= max) {
    return number;
  }
  wrong(name, must);
  return std::nullopt;
}

std::optional<WallTime> BodyReader::instant(std::string_view name) {
  constexpr std::string_view kMust = "must be an instant like 2026-01-01T00:00:00.000Z";
  const auto* value = take(name, json::Kind::kString, kMust);
  if (value == nullptr) return std::nullopt;
  const auto parsed = parse_rfc3339(json::decode_string(value->text));
  if (parsed) return *parsed;
  wrong(name, std::string(kMust));
  return std::nullopt;
}

std::optional<std::string_view> BodyReader::raw(std::string_view name) {
  known_.push_back(name);
  const auto* value = find(name);
  if (value == nullptr || value->kind == json::Kind::kNull) return std::nullopt;
  return value->text;
}

std::string BodyReader::tenant() {
  const auto* value = take("tenant", json::Kind::kString, "must be a string");
  if (value == nullptr) return {};
  std::string name = json::decode_string(value->text);
  check_tenant(name, "/tenant", errors_);
  return name;
}

std::string BodyReader::event_type(std::string_view name) {
  const auto* value = take(name, json::Kind::kString, "must be a string");
  if (value == nullptr) return {};
  std::string type = json::decode_string(value->text);
  check_event_type(type, pointer_to("", name), errors_);
  return type;
}

void BodyReader::required(std::string_view name) {
  const auto* value = find(name);
  if (value == nullptr || value->kind == json::Kind::kNull) wrong(name, "is required");
}

Needed<void> BodyReader::check() {
  for (std::size_t i = 1; i < document_.values.size(); ++i) {
    const auto& member = document_.values[i];
    if (std::find(known_.begin(), known_.end(), member.key) == known_.end()) {
      wrong(member.key, "is not a member of this body");
    } else if (member.duplicate) {
      wrong(member.key, "is given more than once");
    }
  }
  if (errors_.empty()) return {};
  return refuse(invalid(std::move(errors_)));
}

}  // namespace postrider::api
