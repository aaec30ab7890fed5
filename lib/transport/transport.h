// The seam to the network.
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

/// One signed POST, ready to go out.
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

/// Sends requests and collects what came back. Never touches the store, never decides on a retry.
///
/// Owned by one thread, but for wake(). It is driven: nothing moves outside of poll().
class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  /// Starts a request. Each gets exactly one completion from a later poll(), unless the transport
  /// is destroyed before.
  virtual void submit(TransferId id, Request request) = 0;

  /// Moves transfers on and appends what completed to `out`. Returns at once when something
  /// completed, else after `wait` or a wake().
  virtual void poll(Millis wait, std::vector<Completion>& out) = 0;

  /// Ends a poll() of the owning thread, now or the next one. Thread-safe.
  virtual void wake() noexcept = 0;
};

}  // namespace postrider
