// KeyUsage records when API keys were last used.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "store/records.h"

namespace postrider {

/// The last uses that this node has not stored yet. Requests only change memory; maintenance writes
/// the last use of each key once a minute. Thread-safe.
class KeyUsage {
 public:
  /// Records that a request used the key.
  void record(KeyId key, WallTime at);
  /// Returns the last use that is not stored yet, or nothing if there is none.
  [[nodiscard]] std::optional<WallTime> unsaved(KeyId key) const;
  /// Returns all uses that are not stored yet, in ascending order of key id.
  [[nodiscard]] std::vector<ApiKeyUse> unsaved() const;
  /// Removes `uses`, which were committed. A key that was used since then keeps its newer use.
  void saved(const std::vector<ApiKeyUse>& uses);

 private:
  mutable Mutex mutex_;
  std::map<KeyId, WallTime> last_used_at_ POSTRIDER_GUARDED_BY(mutex_);
};

}  // namespace postrider
