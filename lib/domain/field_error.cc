#include "domain/field_error.h"

namespace postrider {
namespace {

constexpr std::size_t kStepLengthMax = 128;

/// Returns the first kStepLengthMax bytes of `text` or fewer, without splitting a UTF-8 sequence.
std::string_view shown(std::string_view text) {
  if (text.size() <= kStepLengthMax) return text;
  std::size_t length = kStepLengthMax;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) --length;
  return text.substr(0, length);
}

}  // namespace

std::string pointer_to(std::string_view pointer, std::string_view member) {
  std::string out{pointer};
  out.push_back('/');
  for (const char c : shown(member)) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string pointer_to(std::string_view pointer, std::size_t index) {
  return std::string{pointer} + "/" + std::to_string(index);
}

}  // namespace postrider
