#include "service/keyring.h"

#include <utility>

#include "crypto/encoding.h"
#include "crypto/hash.h"
#include "crypto/random.h"

namespace postrider {
namespace {

constexpr std::size_t kKeyBytes = 32;

}  // namespace

std::string generate_api_key() {
  return "pr_" + crypto::base64url_encode(crypto::random_bytes(kKeyBytes));
}

std::string hash_api_key(std::string_view key) { return crypto::sha256(key); }

Keyring::Keyring(std::vector<ApiKey> keys, std::string root_hash) {
  for (auto& key : keys) {
    std::string hash = key.sha256;
    by_hash_.emplace(std::move(hash), std::move(key));
  }
  if (!root_hash.empty()) {
    ApiKey root;
    root.name = "root key of the command line";
    by_hash_.emplace(std::move(root_hash), std::move(root));
  }
}

std::optional<ApiKey> Keyring::find(std::string_view key, WallTime now) const {
  // The time of the lookup leaks at most how hashes compare, and nobody can choose a hash without
  // its key.
  const auto found = by_hash_.find(hash_api_key(key));
  if (found == by_hash_.end()) return std::nullopt;
  if (!found->second.is_valid_at(now)) return std::nullopt;
  return found->second;
}

}  // namespace postrider
