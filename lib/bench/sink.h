// A receiver of webhooks that costs next to nothing, so that it does not measure itself.
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

/// One thread that reads HTTP/1.1 requests with a Content-Length, answers each with 200 at once and
/// counts the marked bodies; what comes for `/hang…` is never answered and not counted.
/// Thread-safe.
class Sink {
 public:
  struct Plan {
    std::uint16_t port = 0;  ///< 0: any free one
    // As with expect().
    std::size_t events = 0;
    std::size_t copies = 1;
  };
  /// On 127.0.0.1. `clock` outlives it.
  [[nodiscard]] static Result<std::unique_ptr<Sink>> open(const Clock& clock, const Plan& plan);
  ~Sink();
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  [[nodiscard]] std::uint16_t port() const { return listener_.port; }

  /// Forgets what came and counts from here: `events` numbers from 0, each to come `copies` times.
  void expect(std::size_t events, std::size_t copies);
  /// Bodies that came since expect(), repeats included.
  [[nodiscard]] std::uint64_t arrivals() const { return arrivals_.load(); }
  /// Waits until all that is expected has come; false when `timeout` passed first.
  [[nodiscard]] bool wait_for_all(Millis timeout);
  /// Numbers that came more or less often than expected.
  [[nodiscard]] std::size_t wrong_counts() const;
  /// When the last one came.
  [[nodiscard]] MonoTime last_arrival() const;
  /// Microseconds from each mark's instant to its arrival, since expect().
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
  /// False when the connection is to be closed.
  [[nodiscard]] bool serve(Peer& peer);
  /// Takes one request from the front of `in`; 0 when it is not complete yet.
  [[nodiscard]] std::size_t take_request(std::string_view in, std::string& out);
  void count(std::string_view body);

  const Clock& clock_;
  const http::Listener listener_;
  const Fd epoll_;
  const Fd wake_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> arrivals_{0};
  std::unordered_map<int, Peer> peers_;  // the thread's

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
