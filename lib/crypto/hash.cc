#include "crypto/hash.h"

#include <array>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/assert.h"
#include "base/unique_handle.h"
#include "crypto/bytes.h"

namespace postrider::crypto {
namespace {

using Digest = UniqueHandle<EVP_MD, EVP_MD_free>;
using Mac = UniqueHandle<EVP_MAC, EVP_MAC_free>;
using MacContext = UniqueHandle<EVP_MAC_CTX, EVP_MAC_CTX_free>;

/// Fetched once, because OpenSSL takes a global lock to look up an algorithm by name.
const EVP_MD* sha256_algorithm() {
  static const Digest kAlgorithm{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  POSTRIDER_ASSERT(kAlgorithm != nullptr);
  return kAlgorithm.get();
}

/// Returns a context for HMAC with that digest, without a key.
MacContext make_context(const char* digest_name) {
  const Mac mac{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
  POSTRIDER_ASSERT(mac != nullptr);
  MacContext context{EVP_MAC_CTX_new(mac.get())};
  POSTRIDER_ASSERT(context != nullptr);
  std::string digest{digest_name};
  const std::array<OSSL_PARAM, 2> params = {
      OSSL_PARAM_construct_utf8_string("digest", digest.data(), 0), OSSL_PARAM_construct_end()};
  POSTRIDER_ASSERT(EVP_MAC_CTX_set_params(context.get(), params.data()) == 1);
  return context;
}

/// One context for each HashKind. Each thread copies them once, because OpenSSL takes a global lock
/// to look up an algorithm by name.
using MacContexts = std::array<MacContext, 3>;

const MacContexts& templates() {
  static const MacContexts kTemplates = {
      make_context("SHA1"), make_context("SHA256"), make_context("SHA512")};
  return kTemplates;
}

MacContexts copy_of_templates() {
  MacContexts copies;
  for (std::size_t i = 0; i < copies.size(); ++i) {
    copies.at(i).reset(EVP_MAC_CTX_dup(templates().at(i).get()));
    POSTRIDER_ASSERT(copies.at(i) != nullptr);
  }
  return copies;
}

}  // namespace

std::string sha256(std::string_view data) {
  std::string digest(kSha256Bytes, '\0');
  const int done =
      EVP_Digest(data.data(), data.size(), bytes_of(digest), nullptr, sha256_algorithm(), nullptr);
  POSTRIDER_ASSERT(done == 1);
  return digest;
}

void Sha256::FreeContext::operator()(evp_md_ctx_st* context) const noexcept {
  EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  POSTRIDER_ASSERT(context_ != nullptr);
  POSTRIDER_ASSERT(EVP_DigestInit_ex2(context_.get(), sha256_algorithm(), nullptr) == 1);
}

void Sha256::add(std::string_view data) {
  POSTRIDER_ASSERT(EVP_DigestUpdate(context_.get(), data.data(), data.size()) == 1);
}

std::string Sha256::finish() {
  std::string digest(kSha256Bytes, '\0');
  POSTRIDER_ASSERT(EVP_DigestFinal_ex(context_.get(), bytes_of(digest), nullptr) == 1);
  return digest;
}

std::string hmac(
    HashKind hash, std::string_view key, std::initializer_list<std::string_view> parts
) {
  thread_local MacContexts contexts = copy_of_templates();  // tidy: mutable-static (a thread's own)
  EVP_MAC_CTX* const context = contexts.at(static_cast<std::size_t>(hash)).get();
  // OpenSSL reuses the previous key when the pointer is null, so an empty key needs an address.
  const unsigned char none = 0;
  const unsigned char* key_bytes = key.empty() ? &none : bytes_of(key);
  POSTRIDER_ASSERT(EVP_MAC_init(context, key_bytes, key.size(), nullptr) == 1);
  for (const std::string_view part : parts) {
    POSTRIDER_ASSERT(EVP_MAC_update(context, bytes_of(part), part.size()) == 1);
  }
  std::string code(EVP_MAC_CTX_get_mac_size(context), '\0');
  std::size_t length = 0;
  POSTRIDER_ASSERT(EVP_MAC_final(context, bytes_of(code), &length, code.size()) == 1);
  POSTRIDER_ASSERT(length == code.size());
  return code;
}

bool constant_time_equal(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace postrider::crypto
