// Reads the JSON body of a request.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "api/field_reader.h"
#include "json/raw_json.h"

namespace postrider::api {

/// The media type of a request's body, in lower case and without parameters; empty when it has
/// none.
[[nodiscard]] std::string media_type(const http::Request& request);

/// 415 unless the body is said to be JSON, or nothing is said of it.
[[nodiscard]] ApiResult<void> require_json(const http::Request& request);

/// The members of an object that came as a body; what was not taken is refused by name in check().
/// A null is a member left out.
class BodyReader final : public FieldReader {
 public:
  /// 415, 400, or 422 when it is no object. An empty body is an empty object. `request` outlives
  /// the reader.
  [[nodiscard]] static ApiResult<BodyReader> open(const http::Request& request);

  [[nodiscard]] std::optional<std::string> text(std::string_view name, std::size_t length_max);
  [[nodiscard]] std::optional<bool> boolean(std::string_view name);
  /// The bytes of any value; they live as long as the request.
  [[nodiscard]] std::optional<std::string_view> raw(std::string_view name);
  /// Whether the member is there and null.
  [[nodiscard]] bool is_null(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }

  void required(std::string_view name);

  /// Call last: 422 with all that was wrong.
  [[nodiscard]] ApiResult<void> check();

 private:
  explicit BodyReader(json::RawDocument document)
      : FieldReader(ForeignIds::kRefused), document_(std::move(document)) {}

  [[nodiscard]] const json::RawValue* find(std::string_view name) const;
  /// The value of a member that is there and not null, of that kind; else what is wrong is noted.
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
