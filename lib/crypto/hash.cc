#include "crypto/hash.h"

#include <array>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/assert.h"
#include "base/unique_handle.h"

namespace postrider::crypto {
namespace {

using Digest = UniqueHandle<EVP_MD, EVP_MD_free>;
using Mac = UniqueHandle<EVP_MAC, EVP_MAC_free>;
using MacContext = UniqueHandle<EVP_MAC_CTX, EVP_MAC_CTX_free>;

const unsigned char* bytes_of(std::string_view data) {
  return reinterpret_cast<const unsigned char*>(data.data());
}
unsigned char* bytes_of(std::string& data) { return reinterpret_cast<unsigned char*>(data.data()); }

/// Fetched once: a look-up of the algorithm by name takes OpenSSL's global lock.
const EVP_MD* sha256_algorithm() {
  static const Digest kAlgorithm{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  POSTRIDER_ASSERT(kAlgorithm != nullptr);
  return kAlgorithm.get();
}

/// A context with HMAC-SHA-256 chosen and no key yet. Copied once per thread, for the same reason.
const EVP_MAC_CTX* hmac_sha256_template() {
  static const MacContext kContext = [] {
    const Mac mac{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
    POSTRIDER_ASSERT(mac != nullptr);
    MacContext context{EVP_MAC_CTX_new(mac.get())};
    POSTRIDER_ASSERT(context != nullptr);
    std::string digest = "SHA256";
    const std::array<OSSL_PARAM, 2> params = {
        OSSL_PARAM_construct_utf8_string("digest", digest.data(), 0), OSSL_PARAM_construct_end()};
    POSTRIDER_ASSERT(EVP_MAC_CTX_set_params(context.get(), params.data()) == 1);
    return context;
  }();
  return kContext.get();
}

MacContext copy_of_template() { return MacContext{EVP_MAC_CTX_dup(hmac_sha256_template())}; }

}  // namespace

std::string sha256(std::string_view data) {
  std::string digest(kSha256Bytes, '\0');
  const int done =
      EVP_Digest(data.data(), data.size(), bytes_of(digest), nullptr, sha256_algorithm(), nullptr);
  POSTRIDER_ASSERT(done == 1);
  return digest;
}

std::string hmac_sha256(std::string_view key, std::initializer_list<std::string_view> parts) {
  thread_local MacContext context = copy_of_template();  // tidy: mutable-static (a thread's own)
  POSTRIDER_ASSERT(context != nullptr);
  // A null key would mean the key of before, which is somebody else's: an empty one needs an
  // address.
  const unsigned char none = 0;
  const unsigned char* key_bytes = key.empty() ? &none : bytes_of(key);
  POSTRIDER_ASSERT(EVP_MAC_init(context.get(), key_bytes, key.size(), nullptr) == 1);
  for (const std::string_view part : parts) {
    POSTRIDER_ASSERT(EVP_MAC_update(context.get(), bytes_of(part), part.size()) == 1);
  }
  std::string code(kSha256Bytes, '\0');
  std::size_t length = 0;
  POSTRIDER_ASSERT(EVP_MAC_final(context.get(), bytes_of(code), &length, code.size()) == 1);
  POSTRIDER_ASSERT(length == kSha256Bytes);
  return code;
}

bool constant_time_equal(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace postrider::crypto
