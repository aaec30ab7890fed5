#include "service/commit_log.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <variant>

#include "base/log.h"
#include "store/setting_rows.h"

namespace postrider {
namespace {

/// A commit that takes longer than this noticeably delays producers and deliveries.
constexpr double kSlowCommitSeconds = 0.5;

std::optional<int> status_of(const Attempt& attempt) {
  return attempt.status == 0 ? std::nullopt : std::optional{attempt.status};
}

/// Returns the error of a failure without an HTTP response. Other errors may repeat text of a
/// receiver or a payload, so they are not logged.
std::optional<std::string> loggable_error(const Attempt& attempt) {
  switch (attempt.outcome) {
    case Outcome::kTimeout:
    case Outcome::kConnect:
    case Outcome::kTls:
    case Outcome::kDns:
    case Outcome::kBlocked:
      return attempt.error;
    case Outcome::kSuccess:
    case Outcome::kHttpError:
    case Outcome::kResponseInvalid:
    case Outcome::kRejected:
    case Outcome::kGone:
      return std::nullopt;
  }
  return std::nullopt;
}

struct ShownAttempt {
  std::optional<std::string_view> outcome;
  std::optional<int> status;
};

/// Returns the endpoint's last attempt in the commit, or an empty value if there is none.
ShownAttempt last_attempt(const Effects& effects, EndpointId endpoint) {
  const auto found =
      std::find_if(effects.attempts.rbegin(), effects.attempts.rend(), [&](const auto& recorded) {
        return recorded.settlement.endpoint == endpoint;
      });
  if (found == effects.attempts.rend()) return {};
  const Attempt& attempt = found->settlement.attempt;
  return {to_string(attempt.outcome), status_of(attempt)};
}

std::string_view next_of(const RecordedAttempt& recorded) {
  if (!recorded.settled.applied) return "unchanged";
  if (std::holds_alternative<Delivered>(recorded.settlement.next)) return "delivered";
  return std::holds_alternative<Dead>(recorded.settlement.next) ? "dead" : "retry";
}

}  // namespace

void log_task_end(const IdCodec& ids, const Task& task) {
  const std::string id = ids.encode(task.id);
  log::info(
      "task ended",
      {{"task", id},
       {"kind", name_of(task.kind)},
       {"state", name_of(task.state)},
       {"total", task.total},
       {"done", task.done},
       {"skipped", task.skipped}},
      id
  );
}

void CommitLog::write(const Effects& effects, double commit_seconds, std::int64_t rows) {
  if (commit_seconds > kSlowCommitSeconds) {
    const auto duration_ms = std::llround(commit_seconds * 1000);
    log::warning("slow commit", {{"duration_ms", duration_ms}, {"rows", rows}});
  }
  write_attempts(effects);
  write_endpoints(effects);
  for (std::size_t i = 0; i < kDeadReasonCount; ++i) {
    if (effects.deliveries_dead[i] == 0) continue;
    const std::string_view reason = to_string(static_cast<DeadReason>(i));
    log::warning(
        "waiting deliveries ended", {{"count", effects.deliveries_dead[i]}, {"reason", reason}}
    );
  }
  for (const auto& [row, reason] : effects.refused_outbox_rows) {
    const std::string subject = std::to_string(row);
    log::warning("outbox row refused", {{"row", row}, {"reason", reason}}, subject);
  }
}

void CommitLog::write_attempts(const Effects& effects) {
  const bool each = log::enabled(log::Level::kDebug);
  for (const auto& recorded : effects.attempts) {
    const Settlement& settlement = recorded.settlement;
    if (each) write_attempt(recorded);
    if (recorded.settled.applied && std::holds_alternative<Dead>(settlement.next))
      write_dead(settlement);
    if (settlement.counts_for_health) write_trouble(settlement);
  }
  for (const auto& recorded : effects.rejected) write_dead(recorded.settlement);
}

void CommitLog::write_attempt(const RecordedAttempt& recorded) const {
  const Settlement& settlement = recorded.settlement;
  log::debug(
      "attempt finished",
      {{"delivery", ids_.encode(settlement.delivery)},
       {"event", ids_.encode(settlement.event->id)},
       {"endpoint", ids_.encode(settlement.endpoint)},
       {"number", settlement.attempts_count + 1},
       {"outcome", to_string(settlement.attempt.outcome)},
       {"status", status_of(settlement.attempt)},
       {"error", loggable_error(settlement.attempt)},
       {"duration_ms", settlement.attempt.duration},
       {"next", next_of(recorded)}}
  );
}

void CommitLog::write_dead(const Settlement& settlement) const {
  const std::string endpoint = ids_.encode(settlement.endpoint);
  log::warning(
      "delivery dead",
      {{"delivery", ids_.encode(settlement.delivery)},
       {"event", ids_.encode(settlement.event->id)},
       {"endpoint", endpoint},
       {"reason", to_string(std::get<Dead>(settlement.next).reason)},
       {"attempts", settlement.attempts_count + 1},
       {"outcome", to_string(settlement.attempt.outcome)},
       {"status", status_of(settlement.attempt)},
       {"error", loggable_error(settlement.attempt)}},
      endpoint
  );
}

void CommitLog::write_trouble(const Settlement& settlement) {
  const auto known = in_trouble_.find(settlement.endpoint.value);
  const bool was_in_trouble = known != in_trouble_.end();
  const bool is_well = postrider::is_well(settlement.verdict);
  if (is_well && !was_in_trouble) return;
  const Trouble now =
      settlement.verdict == Verdict::kThrottled ? Trouble::kThrottled : Trouble::kFailing;
  if (!is_well && was_in_trouble && known->second == now) return;
  const std::string endpoint = ids_.encode(settlement.endpoint);
  const Attempt& attempt = settlement.attempt;
  if (was_in_trouble && known->second == Trouble::kThrottled)
    log::info("endpoint throttling ended", {{"endpoint", endpoint}}, endpoint);
  if (is_well) {
    if (known->second == Trouble::kFailing)
      log::info("endpoint recovered", {{"endpoint", endpoint}}, endpoint);
    in_trouble_.erase(known);
    return;
  }
  in_trouble_[settlement.endpoint.value] = now;
  if (now == Trouble::kThrottled) {
    log::info(
        "endpoint throttling began",
        {{"endpoint", endpoint}, {"status", status_of(attempt)}},
        endpoint
    );
    return;
  }
  log::info(
      "endpoint failing",
      {{"endpoint", endpoint},
       {"outcome", to_string(attempt.outcome)},
       {"status", status_of(attempt)},
       {"error", loggable_error(attempt)}},
      endpoint
  );
}

void CommitLog::write_endpoints(const Effects& effects) {
  for (const auto& [id, opened] : effects.circuits) {
    const std::string endpoint = ids_.encode(id);
    if (!opened) {
      log::info("circuit closed", {{"endpoint", endpoint}}, endpoint);
      continue;
    }
    const ShownAttempt last = last_attempt(effects, id);
    log::info(
        "circuit opened",
        {{"endpoint", endpoint}, {"outcome", last.outcome}, {"status", last.status}},
        endpoint
    );
  }
  for (const auto& [id, reason] : effects.disabled_endpoints) {
    const std::string endpoint = ids_.encode(id);
    const ShownAttempt last = last_attempt(effects, id);
    log::warning(
        "endpoint disabled",
        {{"endpoint", endpoint},
         {"reason", to_string(reason)},
         {"outcome", last.outcome},
         {"status", last.status}},
        endpoint
    );
  }
  for (const EndpointId id : effects.endpoints_removed) in_trouble_.erase(id.value);
}

}  // namespace postrider
