// An error in one member of an input.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postrider {

struct FieldError {
  std::string pointer;  ///< RFC 6901, for example /events/2/type
  std::string detail;   ///< what is wrong with the member ("must be …"); never contains a secret
  /// Well-formed, but larger than a limit: the response is 413 instead of 422.
  bool too_large = false;

  bool operator==(const FieldError&) const = default;
};
using FieldErrors = std::vector<FieldError>;

/// Appends a step to `pointer`, escaped. A long name is cut, because it comes from the input and
/// the pointer appears in the response.
[[nodiscard]] std::string pointer_to(std::string_view pointer, std::string_view member);
[[nodiscard]] std::string pointer_to(std::string_view pointer, std::size_t index);

}  // namespace postrider
