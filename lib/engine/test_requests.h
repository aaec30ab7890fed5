// Test requests: attempts that a person asks for, without a delivery.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "domain/delivery.h"
#include "domain/endpoint.h"
#include "domain/event.h"
#include "domain/id.h"
#include "engine/attempt_pipeline.h"

namespace postrider {

/// The attempt of a test request. It is not stored, and its ids name nothing in the database.
struct TestAttempt {
  std::string id;
  std::string event_id;     ///< webhook-id of the request
  std::string delivery_id;  ///< some signature schemes send it
  EndpointId endpoint;
  std::string type;  ///< of the event
  std::string tenant;
  Attempt attempt;
};

struct TestRequest {
  std::shared_ptr<const Endpoint> endpoint;
  EventDraft event;
  /// Called once. kBusy: too many tests are in flight; kUnavailable: the service stops, programs
  /// cannot be run, or the test took too long.
  std::function<void(Result<TestAttempt>)> done;
};

/// Sends test requests at once: each goes through the stages of an attempt, but neither reads nor
/// changes queues, limits, circuits or health of its endpoint, and is never retried. Owned by one
/// thread.
class TestRequests {
 public:
  /// `ids` encodes ids that name nothing stored: its salt is not that of the database. `transport`
  /// and `template_runner` outlive it.
  TestRequests(
      RequestOptions options, IdCodec ids, Transport& transport, TemplateRunner& template_runner
  );

  /// Whether a transfer, or a job of the template runner, belongs to a test.
  [[nodiscard]] static bool owns(TransferId id) { return id > kTransfersAfter; }

  /// Why a test is refused while too many are in flight.
  [[nodiscard]] static Error no_room();

  void start(TestRequest test, WallTime wall_now, MonoTime mono_now);
  void take_template_result(TemplateResult result) {
    pipeline_.take_template_result(std::move(result));
  }
  /// Processes its completions, sends prepared tests, and ends tests whose time is over.
  void advance(std::vector<Completion> completions, WallTime wall_now, MonoTime mono_now);
  /// Ends all tests with `error`. Their requests may still reach the receivers.
  void abort(const Error& error);

  /// How long until the next advance() has work without a completion; nothing = forever.
  [[nodiscard]] std::optional<Millis> idle_for(MonoTime mono_now) const;
  /// Tests whose request has not ended, including tests whose time is over.
  [[nodiscard]] std::size_t in_flight() const { return open_.size(); }

 private:
  /// Above the transfers of every engine.
  static constexpr TransferId kTransfersAfter = 1ULL << 63U;

  struct Open {
    EndpointId endpoint;
    MonoTime end;
    std::function<void(Result<TestAttempt>)> done;  ///< empty once it was called
  };

  [[nodiscard]] bool has_room(EndpointId endpoint) const;
  void resume(Prepared prepared, WallTime wall_now, MonoTime mono_now);
  void finish(AttemptResult&& answer);
  void expire(MonoTime mono_now);
  /// Forgets the test and returns it.
  [[nodiscard]] Open close(const InFlightAttempt& attempt);

  const Millis timeout_default_;
  const IdCodec ids_;
  IdSequence sequence_{0};
  AttemptPipeline pipeline_;
  std::unordered_map<std::int64_t, Open> open_;              ///< by delivery id
  std::unordered_map<std::int64_t, std::size_t> in_flight_;  ///< by endpoint
};

}  // namespace postrider
