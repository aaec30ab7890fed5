// Who may call the API.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "store/records.h"

namespace postrider {

/// `pr_` + 43 characters of base64url: 256 random bits.
[[nodiscard]] std::string generate_api_key();
/// What is stored of a key. The key has 256 random bits, so a plain SHA-256 can't be guessed
/// backwards.
[[nodiscard]] std::string hash_api_key(std::string_view key);

/// The keys as they were committed. Immutable after construction.
class Keyring {
 public:
  Keyring() = default;
  /// `root_hash`: of the key given on the command line, which is in no table; empty when there is
  /// none.
  Keyring(std::vector<ApiKey> keys, std::string root_hash);

  /// The key's rights, or nothing when it is unknown or expired.
  [[nodiscard]] std::optional<ApiKey> find(std::string_view key, WallTime now) const;

 private:
  std::unordered_map<std::string, ApiKey> by_hash_;
};

}  // namespace postrider
