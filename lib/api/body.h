// Reads the JSON body of a request.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "api/field_reader.h"
#include "json/raw_json.h"

namespace postrider::api {

/// The media type of a request's body, in lower case and without parameters; empty if there is
/// none.
[[nodiscard]] std::string media_type(const http::Request& request);

/// 415 if the content type is neither JSON nor missing.
[[nodiscard]] ApiResult<void> require_json(const http::Request& request);

/// Reads the members of a JSON object in the body. check() reports members that were not read. A
/// null is treated as a missing member.
class BodyReader final : public FieldReader {
 public:
  /// 415 for another content type, 400 for invalid JSON, 422 if it is not an object. An empty body
  /// is an empty object. `request` outlives the reader.
  [[nodiscard]] static ApiResult<BodyReader> open(const http::Request& request);

  [[nodiscard]] std::optional<std::string> text(std::string_view name, std::size_t length_max);
  [[nodiscard]] std::optional<bool> boolean(std::string_view name);
  /// The bytes of any value, valid as long as the request.
  [[nodiscard]] std::optional<std::string_view> raw(std::string_view name);
  /// Whether the member is present and null.
  [[nodiscard]] bool is_null(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }

  void required(std::string_view name);

  /// Called last: 422 with all errors.
  [[nodiscard]] ApiResult<void> check();

 private:
  explicit BodyReader(json::RawDocument document)
      : FieldReader(ForeignIds::kRefused), document_(std::move(document)) {}

  [[nodiscard]] const json::RawValue* find(std::string_view name) const;
  /// Returns the value of a member of that kind that is present and not null. Another kind is
  /// recorded as an error.
  [[nodiscard]] const json::RawValue* take(
      std::string_view name, json::Kind kind, std::string_view must
  );
  [[nodiscard]] std::optional<std::string> take_text(std::string_view name, std::string_view must)
      override;
  [[nodiscard]] std::optional<std::string> take_number(std::string_view name, std::string_view must)
      override;

  json::RawDocument document_;
};

}  // namespace postrider::api
