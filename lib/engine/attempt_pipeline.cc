#include "engine/attempt_pipeline.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/assert.h"
#include "destinations/classification.h"
#include "destinations/program_input.h"
#include "destinations/provider.h"

namespace postrider {
namespace {

const destinations::Provider& provider_of(const Endpoint& endpoint) {
  return destinations::provider_of(endpoint.config.destination.type);
}

/// The response of an attempt that ended before a request was sent.
Response failed(std::string why) {
  Response response;
  response.error = std::move(why);
  return response;
}

/// Whether the endpoint may have rejected the token, which may have been revoked. The attempt is
/// then repeated once with a new token.
bool may_refuse_token(const Response& response) {
  return response.failure == Response::Failure::kNone &&
         (response.status == 401 || response.status == 403 || response.status == 404);
}

}  // namespace

Attempt take_attempt(AttemptResult& answer) {
  Response& response = answer.response;
  Attempt attempt;
  attempt.started_at = answer.attempt.started_at;
  attempt.duration = response.duration;
  attempt.status = response.status;
  attempt.outcome = answer.classification.outcome;
  attempt.error = std::move(response.error.empty() ? answer.classification.reason : response.error);
  attempt.response_excerpt = std::move(response.body);
  return attempt;
}

AttemptStage AttemptPipeline::begin(InFlightAttempt attempt, WallTime wall_now, MonoTime mono_now) {
  const TransferId id = ++transfer_last_;
  Open open;
  open.attempt = std::move(attempt);
  const EndpointConfig& config = open.attempt.endpoint->config;
  if (config.destination.oidc) open.token_key = IdTokens::key_of(config);
  open_.emplace(id, std::move(open));
  return prepare(id, wall_now) ? AttemptStage::kPreparing : resume(id, wall_now, mono_now);
}

void AttemptPipeline::advance(
    std::vector<Completion> completions,
    WallTime now,
    const std::function<void(AttemptResult&&)>& take,
    const std::function<void(const InFlightAttempt&)>& prepares
) {
  for (auto& result : std::exchange(template_results_, {})) take_outputs(std::move(result));
  for (auto& completion : completions) {
    if (auto request = token_requests_.extract(completion.id); !request.empty()) {
      take_token(request.mapped(), completion.response, now);
    } else if (auto answer = take_answer(completion.id, std::move(completion.response), now)) {
      take(std::move(*answer));
    } else {
      prepares(attempt(completion.id));
    }
  }
  for (auto& answer : std::exchange(ended_, {})) take(std::move(answer));
}

bool AttemptPipeline::prepare(TransferId id, WallTime now) {
  const Open& open = open_.at(id);
  const Endpoint& endpoint = *open.attempt.endpoint;
  if (!open.token_key.empty() && tokens_.find(open.token_key, now) == nullptr) {
    wait_for_token(id, endpoint.config, now);
    return true;
  }
  auto programs = destinations::programs_of(endpoint.config);
  if (programs.empty() || !open.outputs.empty()) return false;
  const Event& event = *open.attempt.due.event;
  auto input = destinations::program_input(event, ids_.encode(event.id), event.created_at);
  template_runner_.submit(id, {endpoint.id.value, std::move(programs), std::move(input)});
  return true;
}

void AttemptPipeline::take_outputs(TemplateResult result) {
  Open& open = open_.at(result.id);
  const std::string_view what = destinations::program_member(open.attempt.endpoint->config);
  open.outputs.clear();
  for (auto& output : result.outputs) {
    if (!output && output.error().code != Errc::kInvalidArgument) {
      prepared_.push_back({result.id, false});
      return;
    }
    if (!output || !*output) {
      auto why = fmt::format("{}: {}", what, output ? "no output" : output.error().context);
      return give_up(result.id, {failed(std::move(why)), destinations::rejected({})});
    }
    open.outputs.push_back(std::move(**output));
  }
  prepared_.push_back({result.id});
}

void AttemptPipeline::wait_for_token(TransferId id, const EndpointConfig& config, WallTime now) {
  const std::string& key = open_.at(id).token_key;
  for (auto& [transfer, asked] : token_requests_) {
    if (asked.key == key) return asked.waiting.push_back(id);
  }
  auto request = IdTokens::make_request(config, now);
  if (!request) {
    return give_up(id, {failed(request.error().context), destinations::try_again(), true});
  }
  const TransferId asking = ++transfer_last_;
  token_requests_.emplace(asking, TokenRequest{key, {id}});
  request->headers.push_back("user-agent: " + options_.user_agent);
  transport_.submit(asking, std::move(*request));
}

void AttemptPipeline::take_token(
    const TokenRequest& request, const Response& response, WallTime now
) {
  Status taken = tokens_.take(request.key, response, now);
  // A token that has already expired would be requested again and again.
  if (taken && tokens_.find(request.key, now) == nullptr)
    taken = fail(Errc::kUnavailable, "no token for the function: it came expired");
  for (const TransferId id : request.waiting) {
    if (taken) {
      if (!prepare(id, now)) prepared_.push_back({id});
      continue;
    }
    Classification classification = destinations::classify_status(response, now);
    // The request for the token failed, so no request was sent to the endpoint.
    classification.verdict = Verdict::kRetry;
    if (classification.outcome == Outcome::kSuccess)
      classification.outcome = Outcome::kResponseInvalid;
    // Duration and failure of the token request are recorded as those of the attempt.
    Response kept = failed(taken.error().context);
    kept.failure = response.failure;
    kept.duration = response.duration;
    give_up(id, {std::move(kept), std::move(classification), true});
  }
}

void AttemptPipeline::give_up(TransferId id, Failure failure) {
  open_.at(id).failure = std::move(failure);
  prepared_.push_back({id});
}

AttemptStage AttemptPipeline::resume(TransferId id, WallTime wall_now, MonoTime mono_now) {
  Open& open = open_.at(id);
  open.attempt.started_at = wall_now;
  if (open.failure) return end(id, std::move(*open.failure));
  if (!open.token_key.empty()) {
    const std::string* const token = tokens_.find(open.token_key, wall_now);
    // The token may have expired, or have been dropped, while the programs ran.
    if (token == nullptr) {
      wait_for_token(id, open.attempt.endpoint->config, wall_now);
      return AttemptStage::kPreparing;
    }
    open.token = *token;
  }
  auto request = make_request(
      open.attempt.due,
      *open.attempt.endpoint,
      {.outputs = open.outputs, .token = open.token},
      ids_,
      options_,
      wall_now
  );
  if (!request) return end(id, {failed(request.error().context), destinations::rejected({})});
  open.attempt.sent_at = mono_now;
  transport_.submit(id, std::move(*request));
  return AttemptStage::kSent;
}

AttemptResult AttemptPipeline::close(
    TransferId id, Response&& response, Classification classification, bool counts_for_health
) {
  const auto open = open_.find(id);
  POSTRIDER_ASSERT(open != open_.end());
  AttemptResult answer{
      std::move(open->second.attempt),
      std::move(response),
      std::move(classification),
      counts_for_health};
  open_.erase(open);
  return answer;
}

AttemptStage AttemptPipeline::end(TransferId id, Failure failure) {
  ended_.push_back(close(
      id, std::move(failure.response), std::move(failure.classification), failure.counts_for_health
  ));
  return AttemptStage::kEnded;
}

std::optional<AttemptResult> AttemptPipeline::take_answer(
    TransferId id, Response&& response, WallTime now
) {
  Open& open = open_.at(id);
  const bool refuses_token = !open.token_key.empty() && may_refuse_token(response);
  if (refuses_token && !open.token_was_renewed) {
    open.token_was_renewed = true;
    tokens_.drop(open.token_key, open.token);
    if (!prepare(id, now)) prepared_.push_back({id});
    return std::nullopt;
  }
  Classification classification = provider_of(*open.attempt.endpoint).classify(response, now);
  return close(id, std::move(response), std::move(classification), true);
}

}  // namespace postrider
