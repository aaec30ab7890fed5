// The partitions by which nodes divide the endpoints of a database.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>

#include "domain/id.h"

namespace postrider {

inline constexpr std::size_t kPartitionsCount = 256;
/// The node that owns this partition is the leader: it does the work that is done once for all
/// nodes.
inline constexpr std::size_t kLeadingPartition = 0;

/// A set of partitions.
using Partitions = std::bitset<kPartitionsCount>;

/// Returns the endpoint's partition, which is equal on every node and in every version. Consecutive
/// ids are spread evenly.
[[nodiscard]] constexpr std::size_t partition_of(EndpointId endpoint) {
  // This is the finalizer of MurmurHash3: each bit of the id changes each bit of the result with a
  // probability of one half.
  auto mixed = static_cast<std::uint64_t>(endpoint.value);
  mixed = (mixed ^ (mixed >> 33U)) * 0xff51afd7ed558ccdULL;
  mixed = (mixed ^ (mixed >> 33U)) * 0xc4ceb9fe1a85ec53ULL;
  return (mixed ^ (mixed >> 33U)) % kPartitionsCount;
}

}  // namespace postrider
