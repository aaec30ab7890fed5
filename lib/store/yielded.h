// Recognizes transactions that PostgreSQL has aborted because of concurrent ones.
#pragma once

#include "base/error.h"

namespace postrider {

/// Error::native of an operation that conflicted with another session: the SQLSTATEs 40001
/// (serialization failure) and 40P01 (deadlock) as numbers in base 36.
inline constexpr int kSerializationFailure = 6'718'465;
inline constexpr int kDeadlock = 6'750'865;

/// Returns true if nothing was changed and the operation may be repeated at once.
[[nodiscard]] inline bool is_yielded(const Error& error) {
  return error.code == Errc::kBusy &&
         (error.native == kSerializationFailure || error.native == kDeadlock);
}

}  // namespace postrider
