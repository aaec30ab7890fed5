// Keyring decides which API keys are valid.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "store/records.h"

namespace postrider {

/// Returns a new key: `pr_` and 43 characters of base64url, which are 256 random bits.
[[nodiscard]] std::string generate_api_key();
/// Returns the hash that is stored for a key. A key has 256 random bits, so a plain SHA-256 is
/// enough.
[[nodiscard]] std::string hash_api_key(std::string_view key);

/// The committed keys. Immutable after construction.
class Keyring {
 public:
  Keyring() = default;
  /// `root_hash` is the hash of the key given on the command line, which is not in the database. It
  /// is empty if there is none.
  Keyring(std::vector<ApiKey> keys, std::string root_hash);

  /// Returns the key's rights, or nothing if the key is unknown or expired.
  [[nodiscard]] std::optional<ApiKey> find(std::string_view key, WallTime now) const;

 private:
  std::unordered_map<std::string, ApiKey> by_hash_;
};

}  // namespace postrider
