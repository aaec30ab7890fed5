// Writes JSON text member by member, so that what is JSON already goes in byte for byte.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace postrider::json {

/// Appends `text` as a JSON string. Bytes that are no UTF-8 become U+FFFD, one for each.
void append_json_string(std::string& out, std::string_view text);

/// Appends an object to `out`, which outlives it. Names are literals without anything to escape,
/// but for begin_escaped().
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;
  ~JsonObject() = default;

  JsonObject& text(std::string_view name, std::string_view value);
  /// null when empty.
  JsonObject& text_or_null(std::string_view name, std::string_view value);
  JsonObject& number(std::string_view name, std::int64_t value);
  /// null when there is none.
  JsonObject& number(std::string_view name, std::optional<double> value);
  JsonObject& boolean(std::string_view name, bool value);
  JsonObject& instant(std::string_view name, WallTime value);
  /// null when there is none.
  JsonObject& instant(std::string_view name, std::optional<WallTime> value);
  /// `json`: a JSON value, taken as it is.
  JsonObject& raw(std::string_view name, std::string_view json);
  /// Members of another object, `{…}`, taken as they are.
  JsonObject& members_of(std::string_view object);
  /// Writes the name; the caller appends the value to what is returned.
  std::string& begin(std::string_view name);
  /// The same with any name.
  std::string& begin_escaped(std::string_view name);
  void end() { out_ += '}'; }

 private:
  void separate();

  std::string& out_;
  bool first_ = true;
};

class JsonArray {
 public:
  explicit JsonArray(std::string& out) : out_(out) { out_ += '['; }
  JsonArray(const JsonArray&) = delete;
  JsonArray& operator=(const JsonArray&) = delete;
  ~JsonArray() = default;

  /// The caller appends one element to what is returned.
  std::string& next();
  void end() { out_ += ']'; }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace postrider::json
