// Dispatcher is the thread that sends.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "engine/engine.h"
#include "engine/test_requests.h"
#include "service/backpressure_registry.h"
#include "service/engine_inbox.h"
#include "service/news.h"
#include "service/template_queue.h"
#include "service/writer.h"

namespace postrider {

/// Owns one engine, its transport and its reader, and drives them. All methods are thread-safe
/// except start(), drain() and stop(), which only the owner calls.
class Dispatcher {
 public:
  struct Parts {
    std::unique_ptr<Transport> transport;
    std::unique_ptr<StoreReader> reader;
    ProgramRunner& programs;  ///< is destroyed after stop(), before the dispatcher
    EngineOptions engine;
    std::uint64_t seed = 0;  ///< for the jitter
    IdCodec test_ids;        ///< for test requests; its salt is not the database's
    /// Called on the dispatcher's thread when nothing is in flight any more for abandoned
    /// partitions.
    std::function<void(const Partitions&)> abandoned = [](const Partitions&) {};
  };

  /// `clock` and `writer` outlive it.
  Dispatcher(Parts parts, const Clock& clock, Writer& writer);
  ~Dispatcher() { stop(); }
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  /// Applies the queued commits to the engine and starts the thread. Idempotent.
  [[nodiscard]] Status start();
  /// Starts no more requests. Idempotent.
  void begin_drain();
  /// Calls begin_drain() and waits up to `timeout` for requests in flight. Returns how many were
  /// not settled by then: their deliveries stay pending.
  [[nodiscard]] std::size_t drain(Millis timeout);
  /// Ends the wait in drain(), also in a later call: requests in flight can no longer be settled.
  void cut_drain();
  /// Ends the thread without waiting for requests in flight. Idempotent.
  void stop();

  /// Sends a test request at once, independently of the engine. `test.done` is called on the
  /// dispatcher's thread, or on the caller's if the test is refused, or on the thread that calls
  /// stop().
  void send_test(TestRequest test);

  /// Queues a commit for the engine. Never waits and never refuses: if too many new deliveries are
  /// queued, their lanes read them from the store instead.
  void tell(News news);
  void set_writable(bool writable);
  /// Starts no requests from `end` on. A later call moves `end`.
  void send_until(MonoTime end);

  [[nodiscard]] std::size_t in_flight() const;
  /// Returns until when this node sends nothing to the endpoint.
  [[nodiscard]] Backpressure backpressure(EndpointId id) const {
    return backpressure_.find(id, clock_);
  }
  /// Returns whether the last read of due deliveries succeeded.
  [[nodiscard]] bool can_read() const;

 private:
  /// Collects the settlements of a tick.
  class Outbox final : public SettlementSink {
   public:
    void put(Settlement settlement, Urgency of_it) override {
      settlements.push_back(std::move(settlement));
      if (of_it == Urgency::kAwaited) urgency = of_it;
    }
    std::vector<Settlement> settlements;
    Urgency urgency = Urgency::kCanWait;  ///< the highest urgency of `settlements`
  };

  void run() noexcept;
  /// Queues the test, or returns why it is refused.
  [[nodiscard]] std::optional<Error> enqueue_test(TestRequest& test);
  /// Applies the queued commits to the engine. After an error the engine must not send.
  [[nodiscard]] Status take_news();
  /// Runs the tests and the engine once. Returns how long nothing will happen unless a transfer
  /// completes or the transport is woken.
  [[nodiscard]] Millis turn(std::vector<Completion> completions);
  [[nodiscard]] Millis run_engine(std::vector<Completion> completions);
  [[nodiscard]] Millis run_tests(std::vector<Completion> completions);
  void ask_for_endpoints(MonoTime now);

  const Clock& clock_;
  Writer& writer_;
  BackpressureRegistry backpressure_;

  mutable Mutex mutex_;
  CondVar drained_;
  News news_ POSTRIDER_GUARDED_BY(mutex_);
  std::vector<TestRequest> new_tests_ POSTRIDER_GUARDED_BY(mutex_);
  bool writable_ POSTRIDER_GUARDED_BY(mutex_) = true;
  MonoTime send_until_ POSTRIDER_GUARDED_BY(mutex_) = MonoTime::max();
  bool draining_ POSTRIDER_GUARDED_BY(mutex_) = false;
  bool drain_is_cut_ POSTRIDER_GUARDED_BY(mutex_) = false;
  bool stopping_ POSTRIDER_GUARDED_BY(mutex_) = false;
  std::size_t in_flight_ POSTRIDER_GUARDED_BY(mutex_) = 0;
  bool can_read_ POSTRIDER_GUARDED_BY(mutex_) = true;

  // Owned by the dispatcher's thread once it runs. Any thread may call the transport's wake().
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<StoreReader> reader_;
  TemplateQueue template_queue_;
  Outbox outbox_;
  Engine engine_;
  TestRequests tests_;
  EngineInbox engine_inbox_;
  std::function<void(const Partitions&)> abandoned_;
  MonoTime ask_again_at_;

  std::jthread thread_;
};

}  // namespace postrider
