#include "service/endpoint_changes.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/limits.h"

namespace postrider {
namespace {

template <class T>
void append(std::vector<T>& to, std::vector<T>&& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

template <std::size_t N>
void add(std::array<std::int64_t, N>& to, const std::array<std::int64_t, N>& from) {
  for (std::size_t i = 0; i < N; ++i) to[i] += from[i];
}

/// Sets the endpoint's circuit to its current state, because routing's copy does not follow every
/// attempt.
void show_circuit(const WriteContext& context, Endpoint& endpoint) {
  const auto health = context.health.find(endpoint.id.value);
  endpoint.circuit = health == context.health.end() ? std::nullopt : health->second.circuit;
}

void drop_expired(std::vector<EndpointSecret>& secrets, WallTime now) {
  std::erase_if(secrets, [now](const EndpointSecret& secret) {
    return secret.expires_at && *secret.expires_at <= now;
  });
}

void publish(WriteContext& context, const Endpoint& endpoint) {
  // Routing, lanes and requests in flight share one immutable copy.
  auto shared = std::make_shared<const Endpoint>(endpoint);
  context.routing.put(shared);
  context.effects.endpoints.push_back(std::move(shared));
}

}  // namespace

void merge(Effects& effects, Effects more) {
  append(effects.endpoints, std::move(more.endpoints));
  append(effects.endpoints_removed, std::move(more.endpoints_removed));
  append(effects.fresh, std::move(more.fresh));
  append(effects.resync_endpoints, std::move(more.resync_endpoints));
  append(effects.deliveries_changed, std::move(more.deliveries_changed));
  append(effects.probes, std::move(more.probes));
  append(effects.circuits, std::move(more.circuits));
  append(effects.disabled_endpoints, std::move(more.disabled_endpoints));
  append(effects.refused_outbox_rows, std::move(more.refused_outbox_rows));
  append(effects.attempts, std::move(more.attempts));
  append(effects.rejected, std::move(more.rejected));
  append(effects.stats, std::move(more.stats));
  effects.events_accepted += more.events_accepted;
  effects.deliveries_cancelled += more.deliveries_cancelled;
  add(effects.deliveries_dead, more.deliveries_dead);
  add(effects.endpoints_disabled, more.endpoints_disabled);
  effects.adopted.partitions |= more.adopted.partitions;
  append(effects.adopted.endpoints, std::move(more.adopted.endpoints));
  effects.abandoned |= more.abandoned;
  effects.keys_changed |= more.keys_changed;
  effects.event_types_changed |= more.event_types_changed;
  effects.tasks_changed |= more.tasks_changed;
}

Result<std::shared_ptr<const Endpoint>> require_endpoint(WriteContext& context, EndpointId id) {
  auto endpoint = context.routing.find(id);
  if (!endpoint) return fail(Errc::kNotFound, "no such endpoint");
  return endpoint;
}

Result<Endpoint> add_endpoint(WriteContext& context, Endpoint endpoint) {
  endpoint.created_at = context.now;
  endpoint.updated_at = context.now;
  endpoint.state_changed_at = context.now;
  auto id = context.store.add_endpoint(endpoint, context.now);
  if (!id) return tl::unexpected(std::move(id).error());
  endpoint.id = *id;
  publish(context, endpoint);
  return endpoint;
}

Result<Endpoint> put_endpoint(WriteContext& context, Endpoint endpoint) {
  endpoint.updated_at = context.now;
  const auto before = context.routing.find(endpoint.id);
  // Health starts over for another receiver, and when a person enables the endpoint again.
  const bool resets_health =
      before &&
      (before->config.url != endpoint.config.url ||
       before->config.destination != endpoint.config.destination ||
       (before->state == EndpointState::kDisabled && endpoint.state != EndpointState::kDisabled));
  if (resets_health) {
    ++endpoint.health_round;
    auto put = context.store.put_endpoint_health(endpoint.id, std::nullopt, 0, std::nullopt);
    if (!put) return tl::unexpected(std::move(put).error());
  }
  if (auto put = context.store.put_endpoint(endpoint); !put)
    return tl::unexpected(std::move(put).error());
  // A rate limit that is set again later starts with no requests counted.
  if (before && before->config.rate_limit && !endpoint.config.rate_limit) {
    if (auto forgotten = context.store.forget_sends(endpoint.id); !forgotten)
      return tl::unexpected(std::move(forgotten).error());
  }
  show_circuit(context, endpoint);
  if (resets_health) {
    if (endpoint.circuit) context.effects.circuits.emplace_back(endpoint.id, false);
    endpoint.circuit.reset();
    context.health.erase(endpoint.id.value);
  }
  publish(context, endpoint);
  return endpoint;
}

Status remove_endpoint(WriteContext& context, EndpointId id) {
  if (auto removed = context.store.delete_endpoint(id, context.now); !removed) return removed;
  if (auto forgotten = context.store.forget_sends(id); !forgotten) return forgotten;
  context.routing.remove(id);
  context.effects.endpoints_removed.push_back(id);
  return {};
}

Result<Endpoint> set_endpoint_state(
    WriteContext& context,
    const Endpoint& endpoint,
    EndpointState state,
    std::optional<DisabledReason> reason
) {
  Endpoint changed = endpoint;
  if (endpoint.state == state && endpoint.state_reason == reason) {
    show_circuit(context, changed);
    return changed;
  }
  changed.state = state;
  changed.state_reason = reason;
  changed.state_changed_at = context.now;
  auto put = put_endpoint(context, std::move(changed));
  if (put && reason) ++context.effects.endpoints_disabled[static_cast<std::size_t>(*reason)];
  return put;
}

Result<Endpoint> rotate_secret(
    WriteContext& context, const Endpoint& endpoint, std::string secret, Millis overlap
) {
  Endpoint changed = endpoint;
  auto& secrets = changed.secrets;
  for (auto& old : secrets) {
    const WallTime end = context.now + overlap;
    old.expires_at = old.expires_at ? std::min(*old.expires_at, end) : end;
  }
  drop_expired(secrets, context.now);
  if (secrets.size() >= limits::kSecretsPerEndpointMax) {
    return fail(
        Errc::kConflict,
        "5 secrets are valid already; wait until one expires, or rotate with overlap_s 0 first"
    );
  }
  secrets.insert(secrets.begin(), EndpointSecret{std::move(secret), context.now, std::nullopt});
  return put_endpoint(context, std::move(changed));
}

Status prune_secrets(WriteContext& context) {
  const auto changed = context.store.prune_secrets(context.now);
  if (!changed) return tl::unexpected<Error>(changed.error());
  for (const EndpointId id : *changed) {
    const auto known = context.routing.find(id);
    if (!known) continue;
    Endpoint endpoint = *known;
    drop_expired(endpoint.secrets, context.now);
    publish(context, endpoint);
  }
  return {};
}

}  // namespace postrider
