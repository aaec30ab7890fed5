// A cheap producer: many connections on one thread, and requests that are built by appending.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace postrider::bench {

struct LoadPlan {
  std::uint16_t port = 0;  ///< port of the service on 127.0.0.1
  std::string key{};
  std::size_t connections = 1;
  std::size_t events = 0;
  std::size_t events_per_request = 1;  ///< 1: POST /v1/events, else POST /v1/events/batch
  std::size_t data_bytes = 500;
  /// Types are this prefix and a number below `types`, in turn.
  std::string type_prefix = "bench.";
  std::size_t types = 1;
  /// 0: each connection sends when it has received the previous response.
  double events_per_second = 0;
};

struct LoadReport {
  MonoTime begun;
  MonoTime ended;                       ///< when the last response arrived
  std::vector<std::int64_t> answer_us;  ///< of each request, from when it was due to its response
};

/// Emits all of the plan's events, numbered from 0, on the calling thread. Fails with kUnavailable
/// when the service rejects one or closes a connection.
[[nodiscard]] Result<LoadReport> emit_load(const LoadPlan& plan, const Clock& clock);

}  // namespace postrider::bench
