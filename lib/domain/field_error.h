// One member of an input that is wrong.
#pragma once

#include <string>
#include <vector>

namespace postrider {

struct FieldError {
  std::string pointer;  ///< RFC 6901, for example /events/2/type
  std::string detail;   ///< a sentence for people; never echoes a secret

  bool operator==(const FieldError&) const = default;
};
using FieldErrors = std::vector<FieldError>;

}  // namespace postrider
