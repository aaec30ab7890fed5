#include "api/body.h"

#include <algorithm>
#include <cmath>

#include "base/parse_number.h"

namespace postrider::api {
namespace {

/// Up to here every integer is a double.
constexpr double kExactDoubleMax = 9007199254740992.0;

}  // namespace

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

ApiResult<void> require_json(const http::Request& request) {
  const std::string type = media_type(request);
  if (type.empty() || type == "application/json") return {};
  if (request.method == "PATCH" && type == "application/merge-patch+json") return {};
  return fail(problem(415, "The body has to be sent with content-type: application/json."));
}

ApiResult<BodyReader> BodyReader::open(const http::Request& request) {
  if (request.body.empty()) return BodyReader(json::RawDocument{});
  if (auto json = require_json(request); !json) return fail(std::move(json).error());
  auto document = json::parse_raw(request.body, json::RawOptions{});
  if (!document) {
    return fail(problem(
        400, fmt::format("The request body is not valid JSON: {}.", document.error().context)
    ));
  }
  if (document->values.front().kind != json::Kind::kObject) {
    return fail(invalid("", "must be an object"));
  }
  if (document->truncated) return fail(invalid("", "has too many members"));
  return BodyReader(std::move(*document));
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
  know(name);
  const auto* value = find(name);
  if (value == nullptr || value->kind == json::Kind::kNull) return nullptr;
  if (value->kind == kind) return value;
  wrong(name, std::string(must));
  return nullptr;
}

std::optional<std::string> BodyReader::take_text(std::string_view name, std::string_view must) {
  const auto* value = take(name, json::Kind::kString, must);
  if (value == nullptr) return std::nullopt;
  return json::decode_string(value->text);
}

std::optional<std::string> BodyReader::take_number(std::string_view name, std::string_view must) {
  const auto* value = take(name, json::Kind::kNumber, must);
  if (value == nullptr) return std::nullopt;
  // As in JSON Schema, 10.0 and 1e1 are integers.
  if (value->text.find_first_of(".eE") != std::string_view::npos) {
    const auto number = parse_number<double>(value->text);
    if (number && *number == std::trunc(*number) && std::abs(*number) <= kExactDoubleMax)
      return fmt::format("{:.0f}", *number);
  }
  return std::string(value->text);
}

std::optional<std::string> BodyReader::text(std::string_view name, std::size_t length_max) {
  auto decoded = take_text(name, "must be a string");
  if (!decoded || decoded->size() <= length_max) return decoded;
  wrong(name, fmt::format("must be at most {} bytes long", length_max));
  return std::nullopt;
}

std::optional<bool> BodyReader::boolean(std::string_view name) {
  const auto* value = take(name, json::Kind::kBool, "must be true or false");
  if (value == nullptr) return std::nullopt;
  return value->text == "true";
}

std::optional<std::string_view> BodyReader::raw(std::string_view name) {
  know(name);
  const auto* value = find(name);
  if (value == nullptr || value->kind == json::Kind::kNull) return std::nullopt;
  return value->text;
}

void BodyReader::required(std::string_view name) {
  const auto* value = find(name);
  if (value == nullptr || value->kind == json::Kind::kNull) wrong(name, "is required");
}

ApiResult<void> BodyReader::check() {
  for (std::size_t i = 1; i < document_.values.size(); ++i) {
    const auto& member = document_.values[i];
    classify(member.key, member.duplicate, "is not a member of this body");
  }
  return verdict();
}

}  // namespace postrider::api
