#include "service/group_commit.h"

#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/assert.h"
#include "service/endpoint_changes.h"
#include "signing/scheme.h"
#include "store/waiting.h"

namespace postrider {
namespace {

/// Moves the settlements to the effects. Called only after the commit, because a failed commit
/// leaves them to be settled again.
void pass_on(
    std::vector<Settlement>& settlements, const std::vector<Settled>& settled, Effects& effects
) {
  POSTRIDER_ASSERT(settled.size() == settlements.size());
  effects.attempts.reserve(settlements.size());
  for (std::size_t i = 0; i < settlements.size(); ++i) {
    effects.attempts.push_back({std::move(settlements[i]), settled[i]});
  }
  settlements.clear();
}

/// Rejects an endpoint whose signature scheme this program does not know. A later version may have
/// stored it, and its receivers would not accept any other signature.
Status check_scheme(const Endpoint& endpoint) {
  const std::string& scheme = endpoint.config.signature.scheme;
  if (signing::find_scheme(scheme) != nullptr) return {};
  return fail(
      Errc::kCorrupt,
      "an endpoint is signed by the scheme " + scheme + ", which this program does not know"
  );
}

/// Returns the error with which the database ended the transaction.
Status why_it_ended(const GroupResult& result) {
  const Error* const why = result.find_error([](const Error& error) {
    return error.code == Errc::kUnavailable || error.code == Errc::kBusy;
  });
  if (why != nullptr) return tl::unexpected<Error>(*why);
  return fail(Errc::kUnavailable, "the database ended the transaction");
}

}  // namespace

Status GroupCommit::load(StoreReader& reader) {
  reader_ = &reader;
  return reload();
}

Status GroupCommit::reload() {
  POSTRIDER_ASSERT(reader_ != nullptr);
  auto endpoints = reader_->all_endpoints();
  if (!endpoints) return tl::unexpected(std::move(endpoints).error());
  health_.clear();
  for (const auto& endpoint : *endpoints) {
    if (auto known = check_scheme(endpoint); !known) return known;
    if (endpoint.failing_since) {
      health_[endpoint.id.value] = {
          endpoint.failing_since, endpoint.failed_attempts_count, endpoint.circuit};
    }
  }
  routing_.load(std::move(*endpoints));
  stale_ = false;
  return {};
}

Status GroupCommit::begin(Effects& effects) {
  if (auto begun = store_.begin(); !begun) return begun;
  // A transaction is open, so the outcome of a commit that seemed to fail is final now.
  if (stale_) {
    if (auto fresh = reload(); !fresh) return fresh;
  }
  return refresh(effects);
}

Status GroupCommit::refresh(Effects& effects) {
  auto changes = store_.pull_remote_changes();
  if (!changes) return tl::unexpected(std::move(changes).error());
  for (const auto& endpoint : changes->endpoints) {
    Status known = check_scheme(endpoint);
    if (known) continue;
    // The store reports each change once. A full reload finds these changes again.
    miss(changes->endpoints_removed);
    return known;
  }
  for (auto& endpoint : changes->endpoints) {
    const auto before = routing_.find(endpoint.id);
    if (before && before->health_round != endpoint.health_round) health_.erase(endpoint.id.value);
    auto shared = std::make_shared<const Endpoint>(std::move(endpoint));
    routing_.put(shared);
    effects.endpoints.push_back(std::move(shared));
  }
  // Publish all of them, even if routing was reloaded since and no longer contains them.
  for (const EndpointId id : changes->endpoints_removed) {
    routing_.remove(id);
    health_.erase(id.value);
    effects.endpoints_removed.push_back(id);
  }
  effects.keys_changed = effects.event_types_changed = changes->settings;
  return {};
}

GroupResult GroupCommit::run(
    std::vector<Settlement>& settlements,
    const std::vector<Change>& changes,
    WallTime now,
    Effects& effects
) {
  GroupResult result = run_transaction(settlements, changes, now, effects);
  effects.owned = owned_;
  return result;
}

GroupResult GroupCommit::run_transaction(
    std::vector<Settlement>& settlements,
    const std::vector<Change>& changes,
    WallTime now,
    Effects& effects
) {
  const auto nothing_written = [&](const Status& why) {
    return GroupResult{why, std::vector<Status>(changes.size(), why)};
  };
  if (auto begun = begin(effects); !begun) {
    store_.rollback();
    GroupResult result = nothing_written(begun);
    result.refused = true;
    return result;
  }
  const Partitions owned_before = owned_;
  WriteContext context{store_, routing_, health_, owned_, effects, now};
  std::vector<Settled> settled;
  GroupResult result{settle(context, settlements, settled), std::vector<Status>(changes.size())};
  for (std::size_t i = 0; i < changes.size() && store_.in_transaction(); ++i) {
    result.changes[i] = run_one(context, changes[i]);
  }
  const Status committed = store_.in_transaction() ? store_.commit() : why_it_ended(result);
  if (!committed) {
    store_.rollback();
    owned_ = owned_before;
    miss(effects.endpoints_removed);
    effects = {};
    return nothing_written(committed);
  }
  if (result.status) pass_on(settlements, settled, effects);
  if (untold_) catch_up(effects);
  return result;
}

void GroupCommit::miss(const std::vector<EndpointId>& removed) {
  removed_.insert(removed_.end(), removed.begin(), removed.end());
  stale_ = true;
  untold_ = true;
}

void GroupCommit::catch_up(Effects& effects) {
  Effects missed;
  const Status read = for_each_waiting(*reader_, [&](const WaitingEndpoint& waiting) {
    missed.resync_endpoints.push_back(waiting.endpoint);
  });
  if (!read) return;  // the next commit tries again
  for (const auto& [id, endpoint] : routing_.all()) missed.endpoints.push_back(endpoint);
  for (const EndpointId id : std::exchange(removed_, {})) {
    if (!routing_.find(id)) missed.endpoints_removed.push_back(id);
  }
  missed.keys_changed = missed.event_types_changed = missed.tasks_changed = true;
  merge(missed, std::move(effects));
  effects = std::move(missed);
  untold_ = false;
}

Status GroupCommit::probe(WallTime now) {
  if (auto begun = store_.begin(); !begun) return begun;
  Status written = store_.write_probe(now);
  if (written) written = store_.commit();
  if (!written) store_.rollback();
  return written;
}

Status GroupCommit::run_one(WriteContext& context, const Change& change) {
  if (auto saved = store_.savepoint(); !saved) return saved;
  Effects own;
  WriteContext inner = context.with(own);
  if (auto changed = change(inner); !changed) {
    if (store_.in_transaction()) store_.rollback_to_savepoint();
    return changed;
  }
  if (auto released = store_.release_savepoint(); !released) {
    // Routing may already contain the change, so no later command of this transaction may run.
    store_.rollback();
    return released;
  }
  merge(context.effects, std::move(own));
  return {};
}

Status GroupCommit::settle(
    WriteContext& context, const std::vector<Settlement>& settlements, std::vector<Settled>& settled
) {
  if (settlements.empty()) return {};
  if (auto saved = store_.savepoint(); !saved) return saved;
  Effects own;
  WriteContext inner = context.with(own);
  auto written = store_.settle(settlements, context.now);
  Status classified =
      written ? update_health(inner, settlements) : Status{tl::unexpected(written.error())};
  if (classified) classified = store_.release_savepoint();
  if (!classified) {
    if (store_.in_transaction()) store_.rollback_to_savepoint();
    // Routing and health may contain changes that were rolled back. Reload them before the group's
    // changes run; nothing else of this transaction is in them yet. If the transaction has ended,
    // no changes run.
    if (store_.in_transaction() && !reload()) store_.rollback();
    return classified;
  }
  merge(context.effects, std::move(own));
  settled = std::move(*written);
  return {};
}

bool GroupCommit::note_health(WriteContext& context, const Settlement& settlement) {
  const auto known = health_.find(settlement.endpoint.value);
  const bool was_open = known != health_.end() && known->second.circuit;
  if (was_open != settlement.circuit.has_value())
    context.effects.circuits.emplace_back(settlement.endpoint, !was_open);
  if (is_well(settlement.verdict)) {
    if (known == health_.end()) return false;
    health_.erase(known);
    return true;
  }
  Health& health = health_[settlement.endpoint.value];
  health.failed(context.now);
  health.circuit = settlement.circuit;
  return true;
}

Status GroupCommit::update_health(
    WriteContext& context, const std::vector<Settlement>& settlements
) {
  std::unordered_set<std::int64_t> touched;
  std::unordered_map<std::int64_t, DisabledReason> to_disable;
  for (const auto& settlement : settlements) {
    const std::int64_t id = settlement.endpoint.value;
    if (!settlement.counts_for_health) continue;
    const auto endpoint = routing_.find(settlement.endpoint);
    // The response belongs to an earlier version of the endpoint, so it does not count for the
    // version that a person has made of it since.
    if (!endpoint || endpoint->health_round != settlement.health_round) continue;
    if (settlement.verdict == Verdict::kEndpointGone) to_disable[id] = DisabledReason::kGone;
    if (note_health(context, settlement)) touched.insert(id);
    const auto health = health_.find(id);
    if (health != health_.end() && health->second.disables(context.now))
      to_disable.try_emplace(id, DisabledReason::kFailing);
  }
  for (const std::int64_t id : touched) {
    const auto known = health_.find(id);
    const Health health = known == health_.end() ? Health{} : known->second;
    Status put = store_.put_endpoint_health(
        EndpointId{id}, health.failing_since, health.failed_attempts_count, health.circuit
    );
    // The endpoint may have been deleted while the request was in flight.
    if (!put && put.error().code != Errc::kNotFound) return put;
  }
  for (const auto& [id, reason] : to_disable) {
    const auto endpoint = routing_.find(EndpointId{id});
    if (!endpoint || endpoint->state == EndpointState::kDisabled) continue;
    auto disabled = set_endpoint_state(context, *endpoint, EndpointState::kDisabled, reason);
    if (!disabled) return tl::unexpected(std::move(disabled).error());
    context.effects.disabled_endpoints.emplace_back(EndpointId{id}, reason);
  }
  return {};
}

}  // namespace postrider
