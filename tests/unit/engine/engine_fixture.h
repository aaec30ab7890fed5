// An engine with endpoint 1, over fakes.
#pragma once

#include <gtest/gtest.h>

#include "tests/unit/engine/fakes.h"

namespace postrider::testing {

inline constexpr WallTime kStart = from_unix_ms(1'767'225'600'000);
inline constexpr MonoTime kMonoStart{std::chrono::seconds{1000}};

class EngineTest : public ::testing::Test {
 protected:
  explicit EngineTest(std::size_t in_flight_max = 4) : in_flight_max_(in_flight_max) {
    put_endpoint(1);
  }

  [[nodiscard]] EngineOptions options() const {
    EngineOptions options;
    options.in_flight_max = in_flight_max_;
    options.retry_default.delays = {Millis{1000}, Millis{2000}};
    options.retry_default.jitter = 0;
    return options;
  }

  static Endpoint make_endpoint(std::int64_t id) {
    Endpoint endpoint;
    endpoint.id = {id};
    endpoint.config.url = "http://receiver/" + std::to_string(id);
    endpoint.config.max_in_flight = 2;
    endpoint.secrets = {{"whsec_" + std::string(32, 'A'), kStart, std::nullopt}};
    return endpoint;
  }
  void put_endpoint(Endpoint endpoint) {
    engine_.put_endpoint(std::make_shared<const Endpoint>(std::move(endpoint)));
  }
  void put_endpoint(
      std::int64_t id, EndpointState state = EndpointState::kActive, int max_in_flight = 2
  ) {
    Endpoint endpoint = make_endpoint(id);
    endpoint.config.max_in_flight = max_in_flight;
    endpoint.state = state;
    put_endpoint(std::move(endpoint));
  }

  /// A committed delivery, in the store.
  DueDelivery store(std::int64_t id, std::int64_t endpoint = 1, WallTime due_at = kStart) {
    auto event = std::make_shared<Event>();
    event->id = {id + 1000};
    event->type = "ping";
    event->data = "{}";
    event->expires_at = expires_at_;
    DueDelivery due;
    due.delivery.id = {id};
    due.delivery.endpoint = {endpoint};
    due.delivery.due_at = due_at;
    due.event = std::move(event);
    reader_.rows[id] = due;
    return due;
  }
  void commit(std::int64_t id, std::int64_t endpoint = 1) {
    engine_.enqueue(store(id, endpoint), now());
  }

  [[nodiscard]] WallTime now() const { return kStart + passed_; }
  [[nodiscard]] MonoTime mono_now() const { return kMonoStart + passed_; }
  void tick(std::vector<Completion> completions = {}) {
    ASSERT_TRUE(engine_.tick(now(), mono_now(), std::move(completions)));
  }
  /// The answer to the request at `index` of those sent.
  [[nodiscard]] Completion answer(std::size_t index, int status, std::string retry_after = {}) {
    Completion completion;
    completion.id = transport_.sent.at(index).first;
    completion.response.status = status;
    completion.response.retry_after = std::move(retry_after);
    return completion;
  }
  /// The last settlement is committed.
  void settle(bool applied = true) {
    const Settlement settlement = sink_.settlements.back();
    const auto* retry = std::get_if<RetryAt>(&settlement.next);
    std::optional<WallTime> due_at;
    if (applied && retry != nullptr) due_at = retry->due_at;
    if (applied && retry == nullptr) reader_.rows.erase(settlement.delivery.value);
    if (due_at) reader_.rows.at(settlement.delivery.value).delivery.due_at = due_at;
    engine_.settled(settlement.delivery, settlement.endpoint, applied, due_at);
  }
  [[nodiscard]] std::size_t sent_count() const { return transport_.sent.size(); }

  const std::size_t in_flight_max_;
  FakeReader reader_;
  FakeTransport transport_;
  FakeTemplateRunner template_runner_;
  FakeSink sink_;
  Engine engine_{options(), IdCodec{1}, {reader_, transport_, template_runner_, sink_}, Prng{1}};
  Millis passed_{0};
  std::optional<WallTime> expires_at_;
};

}  // namespace postrider::testing
