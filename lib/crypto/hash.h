// Digests and message authentication codes, as raw bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace postrider::crypto {

inline constexpr std::size_t kSha256Bytes = 32;

/// Returns the 32 bytes of SHA-256. Thread-safe.
[[nodiscard]] std::string sha256(std::string_view data);

/// SHA-256 of data that is added in parts. Owned by one thread.
class Sha256 {
 public:
  Sha256();
  void add(std::string_view data);
  /// Returns the 32 bytes for everything added. Call once.
  [[nodiscard]] std::string finish();

 private:
  struct FreeContext {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, FreeContext> context_;
};

enum class HashKind : std::uint8_t { kSha1, kSha256, kSha512 };

/// Returns the HMAC, as long as the digest, of the concatenated parts. A caller with a prefix and a
/// body need not copy the body. Thread-safe.
[[nodiscard]] std::string hmac(
    HashKind hash, std::string_view key, std::initializer_list<std::string_view> parts
);
[[nodiscard]] inline std::string hmac_sha256(
    std::string_view key, std::initializer_list<std::string_view> parts
) {
  return hmac(HashKind::kSha256, key, parts);
}
[[nodiscard]] inline std::string hmac_sha256(std::string_view key, std::string_view data) {
  return hmac_sha256(key, {data});
}

/// The time depends only on the lengths. Texts of different lengths are not equal.
[[nodiscard]] bool constant_time_equal(std::string_view left, std::string_view right);

}  // namespace postrider::crypto
