// Transactions that were undone for the sake of others.
#pragma once

#include "base/error.h"

namespace postrider {

/// Error::native of an operation that another session's change came before: the SQLSTATEs 40001
/// (serialization failure) and 40P01 (deadlock) as numbers in base 36.
inline constexpr int kSerializationFailure = 6'718'465;
inline constexpr int kDeadlock = 6'750'865;

/// Nothing was changed, and the same may be asked for again at once.
[[nodiscard]] inline bool is_yielded(const Error& error) {
  return error.code == Errc::kBusy &&
         (error.native == kSerializationFailure || error.native == kDeadlock);
}

}  // namespace postrider
