// JSON as the bytes it was sent as: a server's answer is shown, and an event's data is sent,
// without being parsed and printed again, which would turn 10.50 into 10.5.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::cli {

/// A view into JSON text that outlives it. Meant for well-formed text; malformed text gives empty
/// views, never a read out of bounds.
class JsonView {
 public:
  JsonView() = default;
  explicit JsonView(std::string_view text);

  /// The value's bytes; empty when there is none.
  [[nodiscard]] std::string_view raw() const { return raw_; }
  [[nodiscard]] bool exists() const { return !raw_.empty(); }
  [[nodiscard]] bool is_null() const { return raw_ == "null"; }
  [[nodiscard]] bool is_string() const { return raw_.starts_with('"'); }
  [[nodiscard]] bool is_object() const { return raw_.starts_with('{'); }
  [[nodiscard]] bool is_array() const { return raw_.starts_with('['); }

  /// A member of an object; not existing when this is none or has none of that name.
  [[nodiscard]] JsonView operator[](std::string_view name) const;
  /// The values of an array.
  [[nodiscard]] std::vector<JsonView> elements() const;
  /// The members of an object in order, names unescaped.
  [[nodiscard]] std::vector<std::pair<std::string, JsonView>> members() const;

  /// A string unescaped (UTF-8), null and nothing as empty, anything else as its bytes.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::optional<std::int64_t> integer() const;

 private:
  std::string_view raw_;
};

/// Whether the text is one JSON value, as far as brackets, strings and words go: enough that it
/// cannot leave its place when it is put into a body. The server judges the rest.
[[nodiscard]] bool is_one_json_value(std::string_view text);

/// Without white space between tokens: one line.
[[nodiscard]] std::string minified(std::string_view json);

/// `text` as a JSON string; bytes above 0x7f as they are.
[[nodiscard]] std::string json_quoted(std::string_view text);

/// Builds an object member by member.
class JsonObject {
 public:
  void add(std::string_view name, std::string_view text) { add_raw(name, json_quoted(text)); }
  void add_raw(std::string_view name, std::string_view json);
  void add_strings(std::string_view name, const std::vector<std::string>& values);
  void add_if(std::string_view name, const std::optional<std::string>& text) {
    if (text) add(name, *text);
  }
  [[nodiscard]] bool empty() const { return members_.empty(); }
  [[nodiscard]] std::string str() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

}  // namespace postrider::cli
