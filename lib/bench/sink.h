// A receiver of webhooks that is cheap, so that it does not distort the measurement.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/mutex.h"
#include "http/socket.h"

namespace postrider::bench {

/// Runs one thread that reads HTTP/1.1 requests with a Content-Length, responds to each with 200 at
/// once and counts the bodies with a mark. Requests for `/hang…` get no response and are not
/// counted. Thread-safe.
class Sink {
 public:
  struct Plan {
    std::uint16_t port = 0;  ///< 0: any free one
    // The arguments of expect().
    std::size_t events = 0;
    std::size_t copies = 1;
  };
  /// Listens on 127.0.0.1. `clock` must outlive the sink.
  [[nodiscard]] static Result<std::unique_ptr<Sink>> open(const Clock& clock, const Plan& plan);
  ~Sink();
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  [[nodiscard]] std::uint16_t port() const { return listener_.port; }

  /// Resets the counts. Expects the numbers below `events`, each `copies` times.
  void expect(std::size_t events, std::size_t copies);
  /// Bodies received since expect(), including repeated ones.
  [[nodiscard]] std::uint64_t arrivals() const { return arrivals_.load(); }
  /// Waits until everything expected has arrived; returns false when `timeout` passes first.
  [[nodiscard]] bool wait_for_all(Millis timeout);
  /// Number of events that arrived more or less often than expected.
  [[nodiscard]] std::size_t wrong_counts() const;
  /// When the last body arrived.
  [[nodiscard]] MonoTime last_arrival() const;
  /// Microseconds from the time in each mark to its arrival, since expect().
  [[nodiscard]] std::vector<std::int64_t> latencies_us() const;

 private:
  struct Peer {
    Fd fd;
    std::string in;
    std::string out;
  };

  Sink(const Clock& clock, http::Listener listener, Fd epoll, Fd wake);
  void run() noexcept;
  void accept_all();
  /// Returns false when the connection must be closed.
  [[nodiscard]] bool serve(Peer& peer);
  /// Handles the request at the front of `in` and returns its size; 0 when it is not complete yet.
  [[nodiscard]] std::size_t take_request(std::string_view in, std::string& out);
  void count(std::string_view body);

  const Clock& clock_;
  const http::Listener listener_;
  const Fd epoll_;
  const Fd wake_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> arrivals_{0};
  std::unordered_map<int, Peer> peers_;  // used only by the thread

  mutable Mutex mutex_;
  CondVar all_here_;
  std::vector<std::uint16_t> counts_ POSTRIDER_GUARDED_BY(mutex_);
  std::vector<std::int64_t> latencies_us_ POSTRIDER_GUARDED_BY(mutex_);
  std::uint64_t expected_ POSTRIDER_GUARDED_BY(mutex_) = 0;
  std::size_t copies_ POSTRIDER_GUARDED_BY(mutex_) = 1;
  MonoTime last_arrival_ POSTRIDER_GUARDED_BY(mutex_);

  std::jthread thread_;
};

}  // namespace postrider::bench
