// A producer that costs little: many connections on one thread, requests built by appending.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace postrider::bench {

struct LoadPlan {
  std::uint16_t port = 0;  ///< of the service, on 127.0.0.1
  std::string key{};
  std::size_t connections = 1;
  std::size_t events = 0;
  std::size_t events_per_request = 1;  ///< 1: POST /v1/events, else POST /v1/events/batch
  std::size_t data_bytes = 500;
  std::string type_prefix = "bench.";  ///< types are this and a number below `types`, in turn
  std::size_t types = 1;
  double events_per_second = 0;  ///< 0: each connection sends when its last answer came
};

struct LoadReport {
  MonoTime begun;
  MonoTime ended;                       ///< when the last answer came
  std::vector<std::int64_t> answer_us;  ///< of each request, from when it was due
};

/// Emits all of the plan's events, numbered from 0, on the calling thread. kUnavailable when the
/// service refuses one or breaks a connection.
[[nodiscard]] Result<LoadReport> emit_load(const LoadPlan& plan, const Clock& clock);

}  // namespace postrider::bench
