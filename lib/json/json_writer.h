// Writes JSON text member by member; values that are JSON already are copied byte for byte.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace postrider::json {

/// Appends `text` as a JSON string. Each byte that is not UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// Appends an object to `out`, which outlives it. Names need no escaping, except for
/// begin_escaped().
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;
  ~JsonObject() = default;

  JsonObject& text(std::string_view name, std::string_view value);
  /// Writes null if `value` is empty.
  JsonObject& text_or_null(std::string_view name, std::string_view value);
  JsonObject& number(std::string_view name, std::int64_t value);
  /// null when there is none.
  JsonObject& number(std::string_view name, std::optional<double> value);
  JsonObject& boolean(std::string_view name, bool value);
  JsonObject& instant(std::string_view name, WallTime value);
  /// null when there is none.
  JsonObject& instant(std::string_view name, std::optional<WallTime> value);
  /// `json`: a JSON value, copied byte for byte.
  JsonObject& raw(std::string_view name, std::string_view json);
  /// Copies the members of another object, `{…}`, byte for byte.
  JsonObject& members_of(std::string_view object);
  /// Writes the name; the caller appends the value to the returned string.
  std::string& begin(std::string_view name);
  /// Like begin(), with a name that may need escaping.
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

  /// The caller appends one element to the returned string.
  std::string& next();
  void end() { out_ += ']'; }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace postrider::json
