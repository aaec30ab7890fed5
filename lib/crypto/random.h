// Random numbers for keys, secrets and salts. Use base/prng.h where a seed must reproduce a run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace postrider::crypto {

/// Returns `count` unpredictable bytes. Aborts the process when the system has none. Thread-safe.
[[nodiscard]] std::string random_bytes(std::size_t count);

/// Returns a random number from all 64-bit values, under the guarantees of random_bytes().
[[nodiscard]] std::uint64_t random_u64();

}  // namespace postrider::crypto
