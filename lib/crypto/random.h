// Random numbers for keys, secrets and salts. Never used where a seed must repeat a run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace postrider::crypto {

/// `count` bytes that nobody can guess. Ends the process when the system has none. Thread-safe.
[[nodiscard]] std::string random_bytes(std::size_t count);

/// As random_bytes, uniform over all 64-bit values.
[[nodiscard]] std::uint64_t random_u64();

}  // namespace postrider::crypto
