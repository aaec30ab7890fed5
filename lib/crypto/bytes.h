// Converts text to the pointer types of OpenSSL. Private to lib/crypto.
#pragma once

#include <string>
#include <string_view>

namespace postrider::crypto {

[[nodiscard]] inline const unsigned char* bytes_of(std::string_view data) {
  return reinterpret_cast<const unsigned char*>(data.data());
}
[[nodiscard]] inline unsigned char* bytes_of(std::string& data) {
  return reinterpret_cast<unsigned char*>(data.data());
}

}  // namespace postrider::crypto
