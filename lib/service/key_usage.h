// When API keys were last used.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "store/records.h"

namespace postrider {

/// The last uses that this node has not stored yet: requests only change memory, and maintenance
/// writes the last use of each key once a minute. Thread-safe.
class KeyUsage {
 public:
  /// A request used the key.
  void record(KeyId key, WallTime at);
  /// Nothing when no use of the key waits to be stored.
  [[nodiscard]] std::optional<WallTime> unsaved(KeyId key) const;
  /// By id, ascending.
  [[nodiscard]] std::vector<ApiKeyUse> unsaved() const;
  /// Forgets those uses, because they were committed. A key that was used since stays.
  void saved(const std::vector<ApiKeyUse>& uses);

 private:
  mutable Mutex mutex_;
  std::map<KeyId, WallTime> last_used_at_ POSTRIDER_GUARDED_BY(mutex_);
};

}  // namespace postrider
