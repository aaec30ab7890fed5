#include "crypto/random.h"

#include <array>
#include <bit>
#include <limits>

#include <openssl/rand.h>

#include "base/assert.h"

namespace postrider::crypto {

std::string random_bytes(std::size_t count) {
  POSTRIDER_ASSERT(count <= std::numeric_limits<int>::max());
  std::string bytes(count, '\0');
  auto* out = reinterpret_cast<unsigned char*>(bytes.data());
  // A failed generator leaves predictable bytes, and a predictable key is worse than no key.
  POSTRIDER_ASSERT(RAND_bytes(out, static_cast<int>(count)) == 1);
  return bytes;
}

std::uint64_t random_u64() {
  std::array<unsigned char, sizeof(std::uint64_t)> bytes{};
  POSTRIDER_ASSERT(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  return std::bit_cast<std::uint64_t>(bytes);
}

}  // namespace postrider::crypto
