#include "domain/waiting.h"

#include <array>

#include <gtest/gtest.h>

namespace postrider {
namespace {

constexpr WallTime kNow = from_unix_ms(1'767'225'600'000);
constexpr WallTime at(std::int64_t seconds) { return kNow + Millis{seconds * 1000}; }

OpenCircuit open_until(std::int64_t seconds) { return {at(-60), at(seconds), Millis{5000}}; }

struct Case {
  const char* when;
  WaitingFacts facts;
  WaitingFor reason;
  std::optional<WallTime> next_attempt_at;
};

std::vector<Case> cases() {
  const auto active = EndpointState::kActive;
  const auto paused = EndpointState::kPaused;
  const auto disabled = EndpointState::kDisabled;
  using enum WaitingFor;
  return {
      {"due", {at(-5), {}, false, active, {}, {}}, kDue, at(-5)},
      {"due this instant", {at(0), at(0), false, active, {}, {}}, kDue, at(0)},
      {"its next attempt is later", {at(9), {}, false, active, {}, {}}, kSchedule, at(9)},
      {"its producer asked for later", {at(9), at(9), false, active, {}, {}}, kDeliverAt, at(9)},
      {"retried after deliver_at", {at(9), at(-9), false, active, {}, {}}, kSchedule, at(9)},
      {"behind another", {at(-5), {}, true, active, {}, {}}, kOrder, {}},
      {"behind another, but not due yet", {at(9), at(9), true, active, {}, {}}, kDeliverAt, at(9)},
      {"circuit", {at(-5), {}, false, active, open_until(7), {}}, kCircuit, at(7)},
      {"the probe is due", {at(-5), {}, false, active, open_until(-1), {}}, kCircuit, at(-1)},
      {"circuit, not due yet", {at(9), {}, false, active, open_until(7), {}}, kSchedule, at(9)},
      {"behind another at a circuit", {at(-5), {}, true, active, open_until(7), {}}, kOrder, {}},
      {"circuit and throttle",
       {at(-5), {}, false, active, open_until(7), {at(30), {}}},
       kCircuit,
       at(30)},
      {"throttle", {at(-5), {}, false, active, {}, {at(30), {}}}, kThrottle, at(30)},
      {"throttle has ended", {at(-5), {}, false, active, {}, {at(0), {}}}, kDue, at(-5)},
      {"rate limit", {at(-5), {}, false, active, {}, {{}, at(2)}}, kRateLimit, at(2)},
      {"its slot is there", {at(-5), {}, false, active, {}, {{}, at(-2)}}, kDue, at(-5)},
      {"throttle, then rate limit",
       {at(-5), {}, false, active, {}, {at(1), at(2)}},
       kThrottle,
       at(2)},
      {"paused", {at(-5), {}, true, paused, open_until(7), {at(1), at(2)}}, kPaused, {}},
      {"paused, not due yet", {at(9), at(9), false, paused, {}, {}}, kPaused, {}},
      {"disabled", {at(-5), {}, true, disabled, open_until(7), {}}, kDisabled, {}},
  };
}

TEST(Waiting, NamesTheReasonAndTheNextTry) {
  for (const Case& one : cases()) {
    const Waiting waiting = waiting_of(one.facts, kNow);
    EXPECT_EQ(to_string(waiting.reason), to_string(one.reason)) << one.when;
    EXPECT_EQ(waiting.next_attempt_at, one.next_attempt_at) << one.when;
  }
}

TEST(Waiting, HasANameForEachReason) {
  constexpr std::array<std::string_view, kWaitingForCount> kNames = {
      "due",
      "schedule",
      "deliver_at",
      "order",
      "circuit",
      "throttle",
      "rate_limit",
      "paused",
      "disabled"};
  for (std::size_t i = 0; i < kNames.size(); ++i)
    EXPECT_EQ(to_string(static_cast<WaitingFor>(i)), kNames[i]);
}

}  // namespace
}  // namespace postrider
