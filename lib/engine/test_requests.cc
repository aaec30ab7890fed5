#include "engine/test_requests.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/limits.h"

namespace postrider {

TestRequests::TestRequests(
    RequestOptions options, IdCodec ids, Transport& transport, TemplateRunner& template_runner
)
    : timeout_default_(options.timeout_default),
      ids_(ids),
      pipeline_(std::move(options), ids, transport, template_runner, kTransfersAfter) {}

bool TestRequests::has_room(EndpointId endpoint) const {
  const auto own = in_flight_.find(endpoint.value);
  return open_.size() < limits::kTestsInFlightMax &&
         (own == in_flight_.end() || own->second < limits::kTestsPerEndpointMax);
}

Error TestRequests::no_room() {
  return {Errc::kBusy, 0, "too many tests are in flight; try again when some have ended"};
}

void TestRequests::start(TestRequest test, WallTime wall_now, MonoTime mono_now) {
  const EndpointId endpoint = test.endpoint->id;
  if (!has_room(endpoint)) return test.done(tl::unexpected(no_room()));
  auto event = std::make_shared<Event>();
  static_cast<EventDraft&>(*event) = std::move(test.event);
  event->tenant = test.endpoint->tenant;
  event->id = {sequence_.next(wall_now)};
  event->created_at = wall_now;
  DueDelivery due;
  due.delivery.id = {sequence_.next(wall_now)};
  due.delivery.event = event->id;
  due.delivery.endpoint = endpoint;
  due.event = std::move(event);
  const Millis timeout = test.endpoint->config.timeout.value_or(timeout_default_);
  open_.emplace(
      due.delivery.id.value,
      Open{endpoint, mono_now + timeout + limits::kTestPrepareTime, std::move(test.done)}
  );
  ++in_flight_[endpoint.value];
  InFlightAttempt attempt{std::move(due), std::move(test.endpoint), mono_now};
  // A test that ended or waits is found by advance().
  static_cast<void>(pipeline_.begin(std::move(attempt), wall_now, mono_now));
}

void TestRequests::advance(
    std::vector<Completion> completions, WallTime wall_now, MonoTime mono_now
) {
  pipeline_.advance(
      std::move(completions),
      wall_now,
      [this](AttemptResult&& answer) { finish(std::move(answer)); },
      [](const InFlightAttempt&) {}
  );
  for (const Prepared prepared : pipeline_.take_prepared()) resume(prepared, wall_now, mono_now);
  expire(mono_now);
}

void TestRequests::resume(Prepared prepared, WallTime wall_now, MonoTime mono_now) {
  const InFlightAttempt& attempt = pipeline_.attempt(prepared.id);
  const bool is_awaited = open_.at(attempt.due.delivery.id.value).done != nullptr;
  if (prepared.can_resume && is_awaited) {
    static_cast<void>(pipeline_.resume(prepared.id, wall_now, mono_now));
    return;
  }
  const Open test = close(attempt);
  pipeline_.abort(prepared.id);
  if (is_awaited)
    test.done(fail(Errc::kUnavailable, "jq programs cannot be run; see the server's log"));
}

void TestRequests::finish(AttemptResult&& answer) {
  const Open test = close(answer.attempt);
  if (!test.done) return;
  const DueDelivery& due = answer.attempt.due;
  TestAttempt result;
  result.id = ids_.encode(AttemptId{sequence_.next(answer.attempt.started_at)});
  result.event_id = ids_.encode(due.event->id);
  result.delivery_id = ids_.encode(due.delivery.id);
  result.endpoint = test.endpoint;
  result.type = due.event->type;
  result.tenant = due.event->tenant;
  result.attempt = take_attempt(answer);
  result.attempt.number = 1;
  test.done(std::move(result));
}

TestRequests::Open TestRequests::close(const InFlightAttempt& attempt) {
  auto node = open_.extract(attempt.due.delivery.id.value);
  POSTRIDER_ASSERT(!node.empty());
  const auto own = in_flight_.find(node.mapped().endpoint.value);
  if (--own->second == 0) in_flight_.erase(own);
  return std::move(node.mapped());
}

void TestRequests::expire(MonoTime mono_now) {
  for (auto& [delivery, test] : open_) {
    if (!test.done || test.end > mono_now) continue;
    std::exchange(test.done, nullptr)(fail(Errc::kUnavailable, "the test took too long"));
  }
}

void TestRequests::abort(const Error& error) {
  for (auto& [delivery, test] : open_) {
    if (test.done) std::exchange(test.done, nullptr)(tl::unexpected(error));
  }
}

std::optional<Millis> TestRequests::idle_for(MonoTime mono_now) const {
  if (pipeline_.any_waiting()) return Millis{0};
  std::optional<Millis> idle;
  for (const auto& [delivery, test] : open_) {
    if (!test.done) continue;
    const Millis left = std::max(std::chrono::ceil<Millis>(test.end - mono_now), Millis{0});
    idle = std::min(idle.value_or(left), left);
  }
  return idle;
}

}  // namespace postrider
