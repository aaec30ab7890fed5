// The interface to the network.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "domain/outcome.h"

namespace postrider {

/// Chosen by the submitter; unique among the requests in flight.
using TransferId = std::uint64_t;

/// One signed POST, ready to be sent.
struct Request {
  std::string url;
  std::vector<std::string> headers;  ///< "name: value", checked: no control characters
  std::string body;
  Millis timeout{0};  ///< total: resolve, connect, TLS, send, wait, read
};

struct Completion {
  TransferId id = 0;
  Response response;
};

/// Sends requests and collects responses. Uses no store and makes no retries.
///
/// Owned by one thread, except for wake(). Transfers progress only during poll().
class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  /// Starts a request. A later poll() returns exactly one completion of it, unless the transport is
  /// destroyed before.
  virtual void submit(TransferId id, Request request) = 0;

  /// Makes progress and appends completed requests to `out`. Returns at once if a request has
  /// completed, else after `wait` or a wake().
  virtual void poll(Millis wait, std::vector<Completion>& out) = 0;

  /// Ends the current poll() of the owning thread, or the next one. Thread-safe.
  virtual void wake() noexcept = 0;
};

}  // namespace postrider
