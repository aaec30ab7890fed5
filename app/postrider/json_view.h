// JSON as the bytes it was sent as: a server's answer is shown without being parsed and printed
// again, which would turn 10.50 into 10.5.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::cli {

/// A view into JSON text that outlives it.
class JsonView {
 public:
  JsonView() = default;
  /// Does not exist when `text` is not one well-formed value.
  explicit JsonView(std::string_view text);
  /// A text that ends with the statement cannot be viewed.
  template <std::same_as<std::string> Text>
  // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): takes nothing but std::string&&
  explicit JsonView(Text&& text) = delete;

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
  std::string_view raw_;  ///< well-formed, or empty
};

}  // namespace postrider::cli
