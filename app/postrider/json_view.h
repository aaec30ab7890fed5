// A view of JSON text that keeps its bytes. A server's response is shown without parsing and
// printing it again, which would turn 10.50 into 10.5.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::cli {

/// A view of JSON text, which must outlive it.
class JsonView {
 public:
  JsonView() = default;
  /// The view does not exist when `text` is not one well-formed value.
  explicit JsonView(std::string_view text);
  /// A temporary string cannot be viewed.
  template <std::same_as<std::string> Text>
  // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): takes nothing but std::string&&
  explicit JsonView(Text&& text) = delete;

  /// Returns the value's bytes; empty when there is none.
  [[nodiscard]] std::string_view raw() const { return raw_; }
  [[nodiscard]] bool exists() const { return !raw_.empty(); }
  [[nodiscard]] bool is_null() const { return raw_ == "null"; }
  [[nodiscard]] bool is_string() const { return raw_.starts_with('"'); }
  [[nodiscard]] bool is_object() const { return raw_.starts_with('{'); }
  [[nodiscard]] bool is_array() const { return raw_.starts_with('['); }

  /// Returns a member of an object. It does not exist when this is not an object or has no such
  /// member.
  [[nodiscard]] JsonView operator[](std::string_view name) const;
  /// Returns the values of an array.
  [[nodiscard]] std::vector<JsonView> elements() const;
  /// Returns the members of an object in order, with unescaped names.
  [[nodiscard]] std::vector<std::pair<std::string, JsonView>> members() const;

  /// Returns a string unescaped (UTF-8), an empty text for null or a missing value, and the bytes
  /// of any other value.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::optional<std::int64_t> integer() const;

 private:
  std::string_view raw_;  ///< well-formed, or empty
};

}  // namespace postrider::cli
