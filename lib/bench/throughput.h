// How many events a second come through, and how many could.
#pragma once

#include <cstddef>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "bench/rig.h"
#include "bench/sink.h"

namespace postrider::bench {

struct ThroughputPlan {
  std::size_t events = 0;
  std::size_t connections = 1;
  std::size_t events_per_request = 1;
  std::size_t data_bytes = 500;
  std::size_t copies = 1;  ///< endpoints that get each event
  std::string type_prefix = "bench.";
};

/// Per second, from the first request on. `delivered` and `settled` count deliveries.
struct Rates {
  double accepted = 0;   ///< events answered with 202, so fsynced
  double delivered = 0;  ///< arrived at the receiver
  double settled = 0;    ///< recorded with their attempt
  double cpu_us = 0;     ///< processor time of the service for each delivery, in microseconds
  double ceiling = 0;    ///< posts of bare libcurl, measured right before and right after

  [[nodiscard]] double of_ceiling() const { return settled / ceiling; }
};

/// On a rig of its own. kInternal when an event was lost or came twice.
[[nodiscard]] Result<Rates> measure_throughput(const ThroughputPlan& plan, const Site& site);

/// On a rig whose `types` types go to `plan.copies` endpoints each, and which has recorded
/// `settled_before` deliveries since it started.
[[nodiscard]] Result<Rates> measure_throughput_on(
    Rig& rig, const ThroughputPlan& plan, std::size_t types, double settled_before
);

/// Posts a second of bare libcurl, for a second or less: bodies of that size with headers like
/// those of a delivery, to the same sink, on kEndpoints connections.
[[nodiscard]] Result<double> measure_ceiling(
    std::size_t events, std::size_t data_bytes, const Site& site
);

}  // namespace postrider::bench
