// Random numbers for jitter and for the simulator. Never use them for keys or nonces: those come
// from crypto/random.h.
#pragma once

#include <array>
#include <cstdint>

namespace postrider {

/// xoshiro256++ seeded by splitmix64. A seed gives one sequence on every platform. Owned by one
/// thread.
class Prng {
 public:
  explicit Prng(std::uint64_t seed);

  [[nodiscard]] std::uint64_t next();

  /// Returns a number that is uniform in [0, bound). `bound` > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);

  /// Returns a number that is uniform in [0, 1).
  [[nodiscard]] double unit();

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace postrider
