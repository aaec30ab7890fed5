#include "service/emit.h"

#include <utility>

#include "base/assert.h"
#include "crypto/hash.h"

namespace postrider {
namespace {

DueDelivery fresh_delivery(
    const AppendedDelivery& appended, Ordering ordering, std::shared_ptr<const Event> event
) {
  DueDelivery fresh;
  fresh.delivery.id = appended.id;
  fresh.delivery.event = event->id;
  fresh.delivery.endpoint = appended.endpoint;
  fresh.delivery.due_at = appended.due_at;
  fresh.delivery.expires_at = event->expires_at;
  fresh.delivery.lane_key = lane_key_of(ordering, event->ordering_key);
  fresh.event = std::move(event);
  return fresh;
}

Settlement rejection(
    const AppendedDelivery& delivery,
    std::string why,
    std::shared_ptr<const Event> event,
    WallTime now
) {
  Settlement settlement;
  settlement.delivery = delivery.id;
  settlement.endpoint = delivery.endpoint;
  settlement.attempt.started_at = now;
  settlement.attempt.outcome = Outcome::kRejected;
  settlement.attempt.error = std::move(why);
  settlement.next = Dead{DeadReason::kRejected};
  settlement.verdict = Verdict::kRejected;
  settlement.counts_for_health = false;
  settlement.event = std::move(event);
  return settlement;
}

/// Ends the deliveries whose filter failed. They are never published.
Status reject(
    WriteContext& context,
    const Appended& appended,
    const FailedTargets& failed,
    const std::shared_ptr<const Event>& event
) {
  std::vector<Settlement> settlements;
  for (const auto& [target, why] : failed)
    settlements.push_back(rejection(appended.deliveries[target], why, event, context.now));
  const auto settled = context.store.settle(settlements, context.now);
  if (!settled) return tl::unexpected(settled.error());
  for (std::size_t i = 0; i < settlements.size(); ++i)
    context.effects.rejected.push_back({std::move(settlements[i]), (*settled)[i]});
  return {};
}

/// Publishes the deliveries of an event, except those whose filter failed: these are ended.
Status hand_on(
    WriteContext& context, NewEvent& event, const Appended& appended, const FailedTargets& failed
) {
  if (appended.deliveries.empty()) return {};
  Event accepted;
  static_cast<EventDraft&>(accepted) = std::move(event.draft);
  accepted.id = appended.id;
  accepted.created_at = appended.created_at;
  const auto shared = std::make_shared<const Event>(std::move(accepted));
  POSTRIDER_ASSERT(appended.deliveries.size() == event.targets.size());
  auto next_failed = failed.begin();
  for (std::size_t i = 0; i < appended.deliveries.size(); ++i) {
    if (next_failed != failed.end() && next_failed->first == i) {
      ++next_failed;
      continue;
    }
    const Ordering ordering = event.targets[i].ordering;
    context.effects.fresh.push_back(fresh_delivery(appended.deliveries[i], ordering, shared));
  }
  return failed.empty() ? Status{} : reject(context, appended, failed, shared);
}

/// Stores the events and publishes their deliveries. `failed` has one element per event, or is
/// empty.
Result<std::vector<Appended>> append(
    WriteContext& context, std::vector<NewEvent> events, const std::vector<FailedTargets>& failed
) {
  static const FailedTargets kNone;
  auto appended = context.store.append(events, context.now);
  if (!appended) return appended;
  POSTRIDER_ASSERT(appended->size() == events.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Appended& one = (*appended)[i];
    StatRow stat;
    stat.minute = std::chrono::floor<std::chrono::minutes>(one.created_at);
    stat.tenant = events[i].draft.tenant;
    stat.events = 1;
    context.effects.stats.push_back(std::move(stat));
    auto handed = hand_on(context, events[i], one, failed.empty() ? kNone : failed[i]);
    if (!handed) return tl::unexpected(std::move(handed).error());
  }
  context.effects.events_accepted += static_cast<std::int64_t>(events.size());
  return appended;
}

/// Returns a digest of an outbox row's content. Each part is preceded by its length, so that
/// different parts never give the same text.
std::string digest_of(const EventDraft& draft) {
  std::string text;
  const auto add = [&text](std::string_view part) {
    text.append(std::to_string(part.size())).append(":").append(part);
  };
  const auto add_instant = [&](const std::optional<WallTime>& at) {
    add(at ? to_rfc3339(*at) : std::string{});
  };
  add(draft.type);
  add(draft.data);
  add(draft.metadata);
  add(draft.ordering_key);
  add_instant(draft.deliver_at);
  add_instant(draft.expires_at);
  for (const auto& channel : draft.channels) add(channel);
  return crypto::sha256(text);
}

/// Returns the row's idempotency key. The digest of the row's content takes the place of the
/// body's.
std::optional<IdempotencyKey> key_of(const OutboxRow& row, const EventDraft& draft) {
  if (!row.idempotency_key) return std::nullopt;
  return IdempotencyKey{draft.tenant, *row.idempotency_key, digest_of(draft)};
}

Result<bool> outbox_key_is_known(WriteContext& context, const IdempotencyKey& key) {
  auto known = context.store.idempotency(key.tenant, key.key);
  if (!known) return tl::unexpected(std::move(known).error());
  if (!*known) return false;
  if ((*known)->body_sha256 != key.body_sha256)
    return fail(Errc::kConflict, "idempotency_key was used for another event");
  return true;
}

Status keep_answer(WriteContext& context, const IdempotencyKey& key, std::string answer) {
  return context.store.put_idempotency(
      key.tenant, key.key, {key.body_sha256, std::move(answer)}, context.now
  );
}

Status take_up_row(
    WriteContext& context,
    const Catalogue& catalogue,
    const EventLimits& limits,
    const OutboxRow& row,
    Filtering& filtering
) {
  const auto reject = [&](std::string_view reason) {
    context.effects.refused_outbox_rows.push_back({row.id, std::string{reason}});
    return context.store.reject_outbox(row.id, reason, context.now);
  };
  auto draft = parse_outbox_row(row, limits);
  if (!draft) return reject(draft.error());
  const auto key = key_of(row, *draft);
  if (key) {
    auto known = outbox_key_is_known(context, *key);
    if (!known && known.error().code == Errc::kConflict) return reject(known.error().context);
    if (!known) return tl::unexpected(std::move(known).error());
    if (*known) return context.store.remove_outbox(row.id);
  }
  // The schema is checked after the key, because a repeated event may have been accepted under
  // another schema.
  FieldErrors errors;
  catalogue.check(*draft, "data", errors);
  if (!errors.empty()) return reject(errors.front().pointer + " " + errors.front().detail);
  auto to = route(context.routing, row.id, *draft, context.now, filtering);
  if (!to) return {};
  if (key) {
    if (auto kept = keep_answer(context, *key, {}); !kept) return kept;
  }
  std::vector<NewEvent> events;
  events.push_back({std::move(*draft), std::move(to->targets)});
  auto appended = append(context, std::move(events), {std::move(to->failed)});
  if (!appended) return tl::unexpected(std::move(appended).error());
  return context.store.remove_outbox(row.id);
}

}  // namespace

Result<std::optional<Emitted>> answer_of(WriteContext& context, const IdempotencyKey& key) {
  auto known = context.store.idempotency(key.tenant, key.key);
  if (!known) return tl::unexpected(std::move(known).error());
  if (!*known) return std::optional<Emitted>{};
  if ((*known)->body_sha256 != key.body_sha256)
    return fail(Errc::kConflict, "the Idempotency-Key was used before, with another body");
  return std::optional{Emitted{std::move((*known)->answer), true}};
}

Result<std::vector<Appended>> accept(
    WriteContext& context, std::vector<EventDraft>& events, Filtering& filtering
) {
  std::vector<Route> routes;
  routes.reserve(events.size());
  for (std::size_t i = 0; i < events.size() && !filtering.is_full(); ++i) {
    auto to =
        route(context.routing, static_cast<std::int64_t>(i), events[i], context.now, filtering);
    if (to) routes.push_back(std::move(*to));
  }
  if (filtering.needs_any()) return filters_first();
  std::vector<NewEvent> routed;
  routed.reserve(events.size());
  std::vector<FailedTargets> failed;
  for (std::size_t i = 0; i < events.size(); ++i) {
    routed.push_back({std::move(events[i]), std::move(routes[i].targets)});
    if (routes[i].failed.empty()) continue;
    failed.resize(events.size());
    failed[i] = std::move(routes[i].failed);
  }
  return append(context, std::move(routed), failed);
}

Result<Emitted> emit(WriteContext& context, EmitParams& params, Filtering& filtering) {
  if (params.idempotency) {
    auto known = answer_of(context, *params.idempotency);
    if (!known) return tl::unexpected(std::move(known).error());
    if (*known) return std::move(**known);
  }
  auto appended = accept(context, params.events, filtering);
  if (!appended) return tl::unexpected(std::move(appended).error());
  Emitted emitted{params.render(*appended), false};
  if (params.idempotency) {
    auto kept = keep_answer(context, *params.idempotency, emitted.answer);
    if (!kept) return tl::unexpected(std::move(kept).error());
  }
  return emitted;
}

Result<std::size_t> take_up_outbox(
    WriteContext& context,
    const Catalogue& catalogue,
    const EventLimits& limits,
    std::size_t rows_max,
    Filtering& filtering
) {
  auto rows = context.store.outbox(rows_max);
  if (!rows) return tl::unexpected(std::move(rows).error());
  for (const auto& row : *rows) {
    // No row overtakes a row that waits for filters. Later rows only record their filters, so that
    // these run together.
    if (filtering.is_full()) break;
    if (filtering.needs_any()) {
      if (const auto draft = parse_outbox_row(row, limits))
        static_cast<void>(route(context.routing, row.id, *draft, context.now, filtering));
      continue;
    }
    if (auto taken = take_up_row(context, catalogue, limits, row, filtering); !taken) {
      return tl::unexpected(std::move(taken).error());
    }
  }
  return rows->size();
}

}  // namespace postrider
