// One member of an input that is wrong.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postrider {

struct FieldError {
  std::string pointer;  ///< RFC 6901, for example /events/2/type
  std::string detail;   ///< says of the member what is wrong ("must be …"); never echoes a secret
  bool too_large = false;  ///< well-formed, but above a limit of size: 413 rather than 422

  bool operator==(const FieldError&) const = default;
};
using FieldErrors = std::vector<FieldError>;

/// `pointer` with one more step, escaped. A long name is cut: it comes from the input, and the
/// pointer goes into the answer.
[[nodiscard]] std::string pointer_to(std::string_view pointer, std::string_view member);
[[nodiscard]] std::string pointer_to(std::string_view pointer, std::size_t index);

}  // namespace postrider
