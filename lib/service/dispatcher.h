// The thread that sends.
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

/// Owns one engine, its transport and its reader, and drives them. Thread-safe but for start(),
/// drain() and stop().
class Dispatcher {
 public:
  struct Parts {
    std::unique_ptr<Transport> transport;
    std::unique_ptr<StoreReader> reader;
    ProgramRunner& programs;  ///< ends before the dispatcher does, after stop()
    EngineOptions engine;
    std::uint64_t seed = 0;  ///< of the jitter
    IdCodec test_ids;        ///< of tests: its salt is not the database's
    /// Nothing is in flight any more for partitions that were abandoned. On the dispatcher's
    /// thread.
    std::function<void(const Partitions&)> abandoned = [](const Partitions&) {};
  };

  /// `clock` and `writer` outlive it.
  Dispatcher(Parts parts, const Clock& clock, Writer& writer);
  ~Dispatcher() { stop(); }
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  /// Tells the engine what it was told so far, and starts the thread. Idempotent.
  [[nodiscard]] Status start();
  /// Sends nothing new from now on. Idempotent.
  void begin_drain();
  /// begin_drain(), and waits up to `timeout` for what is in flight. Returns how many were given
  /// back: they are still pending.
  [[nodiscard]] std::size_t drain(Millis timeout);
  /// Nobody waits for what is in flight, now or later: it cannot be settled any more.
  void cut_drain();
  /// Ends the thread at once. Idempotent.
  void stop();

  /// Sends a test request at once, whatever the engine does. `test.done` is called on the
  /// dispatcher's thread, or on the caller's when the test is refused.
  void send_test(TestRequest test);

  /// Passes a commit on. Never waits and never refuses: when too many fresh deliveries wait here,
  /// their lanes are told to read the store instead.
  void tell(News news);
  void set_writable(bool writable);
  /// Sends nothing new from that instant on; a later call moves it.
  void send_until(MonoTime end);

  [[nodiscard]] std::size_t in_flight() const;
  /// Until when this node sends nothing to the endpoint.
  [[nodiscard]] Backpressure backpressure(EndpointId id) const {
    return backpressure_.find(id, clock_);
  }
  /// Whether what is due could be read when it was asked for last.
  [[nodiscard]] bool can_read() const;

 private:
  /// Collects what a tick settles.
  class Outbox final : public SettlementSink {
   public:
    void put(Settlement settlement, Urgency of_it) override {
      settlements.push_back(std::move(settlement));
      if (of_it == Urgency::kAwaited) urgency = of_it;
    }
    std::vector<Settlement> settlements;
    Urgency urgency = Urgency::kCanWait;  ///< of the most urgent
  };

  void run() noexcept;
  /// Takes the test, or returns why it is refused.
  [[nodiscard]] std::optional<Error> enqueue_test(TestRequest& test);
  /// An error: the engine must not send.
  [[nodiscard]] Status take_news();
  /// Returns how long nothing will happen unless something completes or wakes the transport.
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

  // Owned by the dispatcher's thread once it runs; wake() of the transport is for everybody.
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
