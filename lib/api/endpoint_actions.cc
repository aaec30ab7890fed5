// What is done with one endpoint: states, secrets, tests, recovery.
#include <fmt/format.h>

#include "api/body.h"
#include "api/endpoint_signing.h"
#include "api/query.h"
#include "api/request_context.h"
#include "base/limits.h"

namespace postrider::api {
namespace {

constexpr std::int64_t kOverlapSecondsDefault = 86'400;
/// Tests end within their timeouts, most of them much sooner.
constexpr int kTestRetryAfterS = 5;

Handler state_setter(EndpointState state) {
  return [state](const RequestContext& context) -> HandlerResult {
    const auto id = path_endpoint(context);
    if (!id) return fail(id.error());
    if (auto input = no_input(context); !input) return fail(std::move(input).error());
    const auto changed = context.api.service.set_endpoint_state(*id, state);
    if (!changed) return fail(changed.error());
    return json_response(200, context.api.views.endpoint(*changed));
  };
}

HandlerResult get_secret(const RequestContext& context) {
  const auto id = path_endpoint(context);
  if (!id) return fail(id.error());
  if (auto query = no_query(context); !query) return fail(std::move(query).error());
  const auto endpoint = find_endpoint(context, *id);
  if (!endpoint) return fail(endpoint.error());
  return json_response(
      200, context.api.views.secrets(*endpoint, context.api.service.clock().wall_now())
  );
}

HandlerResult rotate_secret(const RequestContext& context) {
  const auto id = path_endpoint(context);
  if (!id) return fail(id.error());
  if (auto query = no_query(context); !query) return fail(std::move(query).error());
  auto body = BodyReader::open(context.request);
  if (!body) return fail(std::move(body).error());
  const auto secret = body->text("secret", limits::kSecretLengthMax);
  const auto overlap_s = body->integer("overlap_s", 0, limits::kSecretOverlapSecondsMax);
  if (auto checked = body->check(); !checked) return fail(std::move(checked).error());
  const auto endpoint = find_endpoint(context, *id);
  if (!endpoint) return fail(endpoint.error());
  // Making and checking one may take too long for the writer's thread.
  const signing::Scheme* const scheme = scheme_of(*endpoint);
  if (scheme == nullptr) return fail(problem(409, "The endpoint's signature scheme is unknown."));
  const std::string next = secret ? *secret : scheme->generate_secret();
  if (const auto fits = check_secret(*scheme, next); !fits)
    return fail(invalid("/secret", fits.error().context));
  const auto rotated = context.api.service.rotate_secret(
      *id,
      [&](const Endpoint& current) -> Result<std::string> {
        if (scheme_of(current) == scheme) return next;
        return fail(Errc::kConflict, "the endpoint was changed at the same time; try again");
      },
      std::chrono::seconds(overlap_s.value_or(kOverlapSecondsDefault))
  );
  if (!rotated) return fail(rotated.error());
  return json_response(
      200, context.api.views.secrets(*rotated, context.api.service.clock().wall_now())
  );
}

Problem test_problem(const Error& error) {
  if (error.code != Errc::kBusy) return problem_of(error);
  Problem busy = problem(429, sentence(error.context));
  busy.retry_after_s = kTestRetryAfterS;
  return busy;
}

/// Sends the test; its request waits without a thread.
http::Response test_answer(ApiContext& api, Endpoint endpoint, EventDraft draft) {
  http::Response answer;
  answer.deferred = [&api,
                     endpoint = std::make_shared<const Endpoint>(std::move(endpoint)),
                     draft = std::move(draft)](http::Resume resume) mutable {
    api.service.send_test(
        {endpoint,
         std::move(draft),
         [&api, resume = std::move(resume)](Result<TestAttempt> result) {
           resume([&api, result = std::move(result)](const http::Request& request) {
             if (!result) return to_response(test_problem(result.error()), request);
             return json_response(200, api.views.test_attempt(*result));
           });
         }}
    );
  };
  return answer;
}

HandlerResult test_endpoint(const RequestContext& context) {
  const auto id = path_endpoint(context);
  if (!id) return fail(id.error());
  if (auto query = no_query(context); !query) return fail(std::move(query).error());
  auto body = BodyReader::open(context.request);
  if (!body) return fail(std::move(body).error());
  EventDraft draft;
  draft.type = body->event_type("type");
  if (!body->has("type") || body->is_null("type")) draft.type = kTestEventType;
  if (const auto data = body->raw("data")) {
    draft.data = *data;
  } else {
    draft.data = fmt::format(
        R"({{"message":"This is a test event from Postrider.","endpoint":"{}"}})",
        context.api.ids().encode(*id)
    );
  }
  if (draft.data.size() > context.api.service.options().event_bytes_max) {
    body->errors().push_back({"/data", "is larger than an event may be", true});
  }
  if (auto checked = body->check(); !checked) return fail(std::move(checked).error());
  FieldErrors errors;
  context.api.service.catalogue()->check(draft, "/data", errors);
  if (!errors.empty()) return fail(invalid(std::move(errors)));
  auto endpoint = find_endpoint(context, *id);
  if (!endpoint) return fail(std::move(endpoint).error());
  return test_answer(context.api, std::move(*endpoint), std::move(draft));
}

HandlerResult recover(const RequestContext& context) {
  const auto id = path_endpoint(context);
  if (!id) return fail(id.error());
  if (auto query = no_query(context); !query) return fail(std::move(query).error());
  auto body = BodyReader::open(context.request);
  if (!body) return fail(std::move(body).error());
  DeadLetterFilter filter;
  filter.endpoint = *id;
  body->required("since");
  filter.since = body->instant("since");
  filter.until = body->instant("until");
  if (auto checked = body->check(); !checked) return fail(std::move(checked).error());
  const auto endpoint = find_endpoint(context, *id);
  if (!endpoint) return fail(endpoint.error());
  if (endpoint->state == EndpointState::kDisabled) {
    return fail(problem(409, "The endpoint is disabled; resume it first."));
  }
  auto reader = context.api.reader();
  if (!reader) return fail(std::move(reader).error());
  const auto total = (*reader)->count_dead_letters(filter);
  if (!total) return fail(total.error());
  const auto task =
      context.api.service.start_task(TaskKind::kRecoverEndpoint, std::move(filter), *total);
  if (!task) return fail(task.error());
  return json_response(202, context.api.views.task(*task));
}

}  // namespace

void add_endpoint_action_routes(Routes& routes) {
  const std::size_t event_bytes =
      routes.api().service.options().event_bytes_max + limits::kEventEnvelopeBytesMax;
  routes.authenticated("POST", "/v1/endpoints/{id}/pause", state_setter(EndpointState::kPaused));
  routes.authenticated("POST", "/v1/endpoints/{id}/resume", state_setter(EndpointState::kActive));
  routes.authenticated(
      "POST", "/v1/endpoints/{id}/disable", state_setter(EndpointState::kDisabled)
  );
  routes.authenticated("GET", "/v1/endpoints/{id}/secret", get_secret);
  routes.authenticated("POST", "/v1/endpoints/{id}/secret/rotate", rotate_secret);
  routes.authenticated("POST", "/v1/endpoints/{id}/test", test_endpoint, event_bytes);
  routes.authenticated("POST", "/v1/endpoints/{id}/recover", recover);
}

}  // namespace postrider::api
