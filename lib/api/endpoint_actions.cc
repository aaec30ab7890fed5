// What is done with one endpoint: states, secrets, tests, recovery.
#include <fmt/format.h>

#include "api/body.h"
#include "api/endpoint_signing.h"
#include "api/query.h"
#include "api/resources.h"
#include "base/limits.h"

namespace postrider::api {
namespace {

constexpr std::int64_t kOverlapSecondsDefault = 86'400;
/// Tests end within their timeouts, most of them much sooner.
constexpr int kTestRetryAfterS = 5;

Handler state_setter(EndpointState state) {
  return [state](const Call& call) -> Reply {
    const auto id = path_endpoint(call);
    if (!id) return refuse(id.error());
    if (auto input = no_input(call); !input) return refuse(std::move(input).error());
    const auto changed = call.api.service.set_endpoint_state(*id, state);
    if (!changed) return refuse(changed.error());
    return json_answer(200, call.api.views.endpoint(*changed));
  };
}

Reply get_secret(const Call& call) {
  const auto id = path_endpoint(call);
  if (!id) return refuse(id.error());
  if (auto query = no_query(call); !query) return refuse(std::move(query).error());
  const auto endpoint = find_endpoint(call, *id);
  if (!endpoint) return refuse(endpoint.error());
  return json_answer(200, call.api.views.secrets(*endpoint, call.api.service.clock().wall_now()));
}

Reply rotate_secret(const Call& call) {
  const auto id = path_endpoint(call);
  if (!id) return refuse(id.error());
  if (auto query = no_query(call); !query) return refuse(std::move(query).error());
  auto body = BodyReader::open(call.request);
  if (!body) return refuse(std::move(body).error());
  const auto secret = body->text("secret", limits::kSecretLengthMax);
  const auto overlap_s = body->integer("overlap_s", 0, limits::kSecretOverlapSecondsMax);
  if (auto checked = body->check(); !checked) return refuse(std::move(checked).error());
  const auto endpoint = find_endpoint(call, *id);
  if (!endpoint) return refuse(endpoint.error());
  // Making and checking one may take too long for the writer's thread.
  const signing::Scheme* const scheme = scheme_of(*endpoint);
  if (scheme == nullptr) return refuse(problem(409, "The endpoint's signature scheme is unknown."));
  const std::string next = secret ? *secret : scheme->generate_secret();
  if (const auto fits = check_secret(*scheme, next); !fits)
    return refuse(invalid("/secret", fits.error().context));
  const auto rotated = call.api.service.rotate_secret(
      *id,
      [&](const Endpoint& current) -> Result<std::string> {
        if (scheme_of(current) == scheme) return next;
        return fail(Errc::kConflict, "the endpoint was changed at the same time; try again");
      },
      std::chrono::seconds(overlap_s.value_or(kOverlapSecondsDefault))
  );
  if (!rotated) return refuse(rotated.error());
  return json_answer(200, call.api.views.secrets(*rotated, call.api.service.clock().wall_now()));
}

Problem test_problem(const Error& error) {
  if (error.code != Errc::kBusy) return problem_of(error);
  Problem busy = problem(429, sentence(error.context));
  busy.retry_after_s = kTestRetryAfterS;
  return busy;
}

/// Sends the test; its request waits without a thread.
http::Answer test_answer(Resources& api, Endpoint endpoint, EventDraft draft) {
  http::Answer answer;
  answer.deferred = [&api,
                     endpoint = std::make_shared<const Endpoint>(std::move(endpoint)),
                     draft = std::move(draft)](http::Resume resume) mutable {
    api.service.send_test(
        {endpoint,
         std::move(draft),
         [&api, resume = std::move(resume)](Result<TestAttempt> result) {
           resume([&api, result = std::move(result)](const http::Request& request) {
             if (!result) return to_answer(test_problem(result.error()), request);
             return json_answer(200, api.views.test_attempt(*result));
           });
         }}
    );
  };
  return answer;
}

Reply test_endpoint(const Call& call) {
  const auto id = path_endpoint(call);
  if (!id) return refuse(id.error());
  if (auto query = no_query(call); !query) return refuse(std::move(query).error());
  auto body = BodyReader::open(call.request);
  if (!body) return refuse(std::move(body).error());
  EventDraft draft;
  draft.type = body->event_type("type");
  if (!body->has("type") || body->is_null("type")) draft.type = kTestEventType;
  if (const auto data = body->raw("data")) {
    draft.data = *data;
  } else {
    draft.data = fmt::format(
        R"({{"message":"This is a test event from Postrider.","endpoint":"{}"}})",
        call.api.ids().encode(*id)
    );
  }
  if (draft.data.size() > call.api.service.options().event_bytes_max) {
    body->errors().push_back({"/data", "is larger than an event may be", true});
  }
  if (auto checked = body->check(); !checked) return refuse(std::move(checked).error());
  FieldErrors errors;
  call.api.service.catalogue()->check(draft, "/data", errors);
  if (!errors.empty()) return refuse(invalid(std::move(errors)));
  auto endpoint = find_endpoint(call, *id);
  if (!endpoint) return refuse(std::move(endpoint).error());
  return test_answer(call.api, std::move(*endpoint), std::move(draft));
}

Reply recover(const Call& call) {
  const auto id = path_endpoint(call);
  if (!id) return refuse(id.error());
  if (auto query = no_query(call); !query) return refuse(std::move(query).error());
  auto body = BodyReader::open(call.request);
  if (!body) return refuse(std::move(body).error());
  DeadLetterFilter filter;
  filter.endpoint = *id;
  body->required("since");
  filter.since = body->instant("since");
  filter.until = body->instant("until");
  if (auto checked = body->check(); !checked) return refuse(std::move(checked).error());
  const auto endpoint = find_endpoint(call, *id);
  if (!endpoint) return refuse(endpoint.error());
  if (endpoint->state == EndpointState::kDisabled) {
    return refuse(problem(409, "The endpoint is disabled; resume it first."));
  }
  auto reader = call.api.reader();
  if (!reader) return refuse(std::move(reader).error());
  const auto total = (*reader)->count_dead_letters(filter);
  if (!total) return refuse(total.error());
  const auto task =
      call.api.service.start_task(TaskKind::kRecoverEndpoint, std::move(filter), *total);
  if (!task) return refuse(task.error());
  return json_answer(202, call.api.views.task(*task));
}

}  // namespace

void mount_endpoint_actions(Mount& mount) {
  const std::size_t event_bytes =
      mount.resources().service.options().event_bytes_max + limits::kEventEnvelopeBytesMax;
  mount.keyed("POST", "/v1/endpoints/{id}/pause", state_setter(EndpointState::kPaused));
  mount.keyed("POST", "/v1/endpoints/{id}/resume", state_setter(EndpointState::kActive));
  mount.keyed("POST", "/v1/endpoints/{id}/disable", state_setter(EndpointState::kDisabled));
  mount.keyed("GET", "/v1/endpoints/{id}/secret", get_secret);
  mount.keyed("POST", "/v1/endpoints/{id}/secret/rotate", rotate_secret);
  mount.keyed("POST", "/v1/endpoints/{id}/test", test_endpoint, event_bytes);
  mount.keyed("POST", "/v1/endpoints/{id}/recover", recover);
}

}  // namespace postrider::api
