// The operations of Service that the API and the command line call.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "service/commit_log.h"
#include "service/delivery_changes.h"
#include "service/endpoint_changes.h"
#include "service/service.h"
#include "store/setting_rows.h"

namespace postrider {
// --- Events --------------------------------------------------------------------------------------

Result<Emitted> Service::emit(EmitParams params) {
  const std::size_t count = params.events.size();
  if (params.idempotency) {
    // The response is stored with the key, so it is rendered inside the transaction.
    return execute_filtered<Emitted>(
        writer_,
        filter_means(),
        [&](WriteContext& context, Filtering& filtering) {
          return postrider::emit(context, params, filtering);
        },
        count
    );
  }
  const auto appended = execute_filtered<std::vector<Appended>>(
      writer_,
      filter_means(),
      [&](WriteContext& context, Filtering& filtering) {
        return accept(context, params.events, filtering);
      },
      count
  );
  if (!appended) return tl::unexpected(appended.error());
  return Emitted{params.render(*appended), false};
}

Result<std::optional<Emitted>> Service::answer_of(IdempotencyKey key) {
  // Runs on the writer's thread although it only reads: the first request with the key may still be
  // queued there.
  return writer_.execute<std::optional<Emitted>>([&](WriteContext& context) {
    return postrider::answer_of(context, key);
  });
}

Result<std::vector<Delivery>> Service::replay_event(EventId id, std::optional<EndpointId> only) {
  return execute_filtered<std::vector<Delivery>>(
      writer_,
      filter_means(),
      [&](WriteContext& context, Filtering& filtering) {
        return postrider::replay_event(context, id, only, filtering);
      },
      1
  );
}

// --- Endpoints -----------------------------------------------------------------------------------

Result<Endpoint> Service::add_endpoint(Endpoint endpoint) {
  auto added = writer_.execute<Endpoint>([&](WriteContext& context) {
    return postrider::add_endpoint(context, std::move(endpoint));
  });
  if (added) log_endpoint("endpoint created", added->id);
  return added;
}

void Service::log_endpoint(std::string_view message, EndpointId id) const {
  const std::string endpoint = ids_.encode(id);
  log::info(message, {{"endpoint", endpoint}}, endpoint);
}

Result<Endpoint> Service::change_endpoint(
    EndpointId id, const std::function<Result<Endpoint>(WriteContext&, const Endpoint&)>& change
) {
  return writer_.execute<Endpoint>([&](WriteContext& context) -> Result<Endpoint> {
    const auto endpoint = require_endpoint(context, id);
    if (!endpoint) return tl::unexpected(endpoint.error());
    return change(context, **endpoint);
  });
}

Result<Endpoint> Service::update_endpoint(
    EndpointId id, std::function<Result<EndpointConfig>(const Endpoint&)> change
) {
  auto updated =
      change_endpoint(id, [&](WriteContext& context, const Endpoint& endpoint) -> Result<Endpoint> {
        auto config = change(endpoint);
        if (!config) return tl::unexpected(std::move(config).error());
        Endpoint changed = endpoint;
        changed.config = std::move(*config);
        return put_endpoint(context, std::move(changed));
      });
  if (updated) log_endpoint("endpoint updated", id);
  return updated;
}

Status Service::remove_endpoint(EndpointId id) {
  Status removed = writer_.execute(Change{[&](WriteContext& context) -> Status {
    if (auto endpoint = require_endpoint(context, id); !endpoint)
      return tl::unexpected(endpoint.error());
    return postrider::remove_endpoint(context, id);
  }});
  if (removed) log_endpoint("endpoint deleted", id);
  return removed;
}

Result<Endpoint> Service::set_endpoint_state(EndpointId id, EndpointState state) {
  EndpointState before = state;
  std::optional<DisabledReason> reason;
  if (state == EndpointState::kDisabled) reason = DisabledReason::kOperator;
  auto changed = change_endpoint(id, [&](WriteContext& context, const Endpoint& endpoint) {
    before = endpoint.state;
    return postrider::set_endpoint_state(context, endpoint, state, reason);
  });
  if (!changed || before == state) return changed;
  switch (state) {
    case EndpointState::kActive:
      log_endpoint("endpoint resumed", id);
      break;
    case EndpointState::kPaused:
      log_endpoint("endpoint paused", id);
      break;
    case EndpointState::kDisabled: {
      const std::string endpoint = ids_.encode(id);
      log::info(
          "endpoint disabled", {{"endpoint", endpoint}, {"reason", to_string(*reason)}}, endpoint
      );
      break;
    }
  }
  return changed;
}

Result<Endpoint> Service::rotate_secret(
    EndpointId id, std::function<Result<std::string>(const Endpoint&)> secret_for, Millis overlap
) {
  auto rotated =
      change_endpoint(id, [&](WriteContext& context, const Endpoint& endpoint) -> Result<Endpoint> {
        auto secret = secret_for(endpoint);
        if (!secret) return tl::unexpected(std::move(secret).error());
        return postrider::rotate_secret(context, endpoint, std::move(*secret), overlap);
      });
  if (rotated) log_endpoint("endpoint secret rotated", id);
  return rotated;
}

// --- Deliveries and dead letters -----------------------------------------------------------------

Result<Delivery> Service::retry_delivery(DeliveryId id) {
  return writer_.execute<Delivery>([&](WriteContext& context) {
    return postrider::retry_delivery(context, id);
  });
}

Result<Delivery> Service::cancel_delivery(DeliveryId id) {
  return writer_.execute<Delivery>([&](WriteContext& context) {
    return postrider::cancel_delivery(context, id);
  });
}

Result<Delivery> Service::replay_dead_letter(DeliveryId id) {
  return writer_.execute<Delivery>([&](WriteContext& context) {
    return postrider::replay_dead_letter(context, id);
  });
}

Result<Delivery> Service::discard_dead_letter(DeliveryId id) {
  return writer_.execute<Delivery>([&](WriteContext& context) {
    return postrider::discard_dead_letter(context, id);
  });
}

Result<Task> Service::start_task(TaskKind kind, DeadLetterFilter filter, std::int64_t total) {
  auto started = writer_.execute<Task>([&](WriteContext& context) -> Result<Task> {
    Task task;
    task.kind = kind;
    task.filter = std::move(filter);
    // Exclude deliveries that die from now on, so that the task does not replay a delivery again
    // after its replay failed.
    if (!task.filter.until || *task.filter.until > context.now)
      task.filter.until = context.now + Millis{1};
    task.total = total;
    task.created_at = context.now;
    task.updated_at = context.now;
    auto id = context.store.add_task(task, context.now);
    if (!id) return tl::unexpected(std::move(id).error());
    task.id = *id;
    context.effects.tasks_changed = true;
    return task;
  });
  if (!started) return started;
  const std::string id = ids_.encode(started->id);
  log::info("task started", {{"task", id}, {"kind", name_of(kind)}, {"total", total}}, id);
  return started;
}

Result<Task> Service::cancel_task(TaskId id) {
  auto cancelled = writer_.execute<Task>([&](WriteContext& context) -> Result<Task> {
    auto task = context.store.task(id);
    if (!task) return task;
    if (task->state != TaskState::kRunning)
      return fail(Errc::kConflict, "the task has ended already");
    task->state = TaskState::kCancelled;
    task->updated_at = context.now;
    if (auto put = context.store.put_task(*task); !put)
      return tl::unexpected(std::move(put).error());
    return task;
  });
  if (cancelled) log_task_end(ids_, *cancelled);
  return cancelled;
}

// --- Keys and event types ------------------------------------------------------------------------

Result<ApiKey> Service::add_api_key(ApiKey key) {
  auto added = writer_.execute<ApiKey>([&](WriteContext& context) -> Result<ApiKey> {
    key.created_at = context.now;
    auto id = context.store.add_api_key(key, context.now);
    if (!id) return tl::unexpected(std::move(id).error());
    key.id = *id;
    context.effects.keys_changed = true;
    return key;
  });
  if (added) log_key("API key created", *added);
  return added;
}

Status Service::remove_api_key(KeyId id) {
  const auto key = find_api_key(id);
  Status removed = writer_.execute(Change{[&](WriteContext& context) -> Status {
    context.effects.keys_changed = true;
    return context.store.delete_api_key(id);
  }});
  if (removed && key) log_key("API key revoked", *key);
  return removed;
}

std::optional<ApiKey> Service::find_api_key(KeyId id) {
  const MutexLock lock(mutex_);
  auto keys = reader_->all_api_keys();
  if (!keys) return std::nullopt;
  const auto found =
      std::find_if(keys->begin(), keys->end(), [id](const ApiKey& key) { return key.id == id; });
  return found == keys->end() ? std::nullopt : std::optional{std::move(*found)};
}

void Service::log_key(std::string_view message, const ApiKey& key) const {
  const std::string id = ids_.encode(key.id);
  log::info(message, {{"key", id}, {"name", key.name}, {"scope", name_of(key.scope)}}, id);
}

std::optional<ApiKey> Service::authenticate(std::string_view key) {
  const WallTime now = clock_.wall_now();
  auto found = keyring_.get()->find(key, now);
  // The root key of the command line is not in the database, so its use is not recorded.
  if (found && found->id != KeyId{}) key_usage_.record(found->id, now);
  return found;
}

Result<EventType> Service::add_event_type(EventType type) {
  return writer_.execute<EventType>([&](WriteContext& context) -> Result<EventType> {
    type.created_at = context.now;
    type.updated_at = context.now;
    if (auto added = context.store.add_event_type(type); !added)
      return tl::unexpected(std::move(added).error());
    context.effects.event_types_changed = true;
    return type;
  });
}

Result<EventType> Service::update_event_type(
    std::string name, std::function<Result<EventType>(EventType)> change
) {
  return writer_.execute<EventType>([&](WriteContext& context) -> Result<EventType> {
    auto type = context.store.event_type(name);
    if (!type) return type;
    auto changed = change(std::move(*type));
    if (!changed) return changed;
    changed->updated_at = context.now;
    if (auto put = context.store.put_event_type(*changed); !put)
      return tl::unexpected(std::move(put).error());
    context.effects.event_types_changed = true;
    return changed;
  });
}

Status Service::remove_event_type(std::string name) {
  return writer_.execute(Change{[&](WriteContext& context) -> Status {
    context.effects.event_types_changed = true;
    return context.store.delete_event_type(name);
  }});
}

}  // namespace postrider
