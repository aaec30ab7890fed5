// What the API and the command line ask of a service.
#include <utility>

#include "service/attempt_wait.h"
#include "service/delivery_changes.h"
#include "service/endpoint_changes.h"
#include "service/service.h"

namespace postrider {
namespace {

/// The longest a test waits beyond the endpoint's own time-out: for the commits before and after
/// the request.
constexpr Millis kTestSlack{5000};

}  // namespace

// --- Events --------------------------------------------------------------------------------------

Result<Emitted> Service::emit(EmitParams params) {
  const std::size_t count = params.events.size();
  if (params.idempotency) {
    // The answer is stored with the key, so the transaction makes it.
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
  // By the writer, although it only reads: the first request may be waiting to be committed.
  return writer_.execute<std::optional<Emitted>>([&](WriteContext& context) {
    return postrider::answer_of(context, key);
  });
}

Result<RecordedAttempt> Service::test_endpoint(EndpointId id, EventDraft draft) {
  const std::uint64_t from = feed_.next_number();
  Millis patience = options_.engine.request.timeout_default;
  auto appended = writer_.execute<Appended>([&](WriteContext& context) -> Result<Appended> {
    const auto endpoint = require_endpoint(context, id);
    if (!endpoint) return tl::unexpected(endpoint.error());
    if ((*endpoint)->state != EndpointState::kActive) {
      return fail(Errc::kConflict, "the endpoint is not active; resume it first");
    }
    patience = (*endpoint)->config.timeout.value_or(patience);
    draft.tenant = (*endpoint)->tenant;
    auto test = emit_to(context, std::move(draft), {id, (*endpoint)->config.ordering});
    if (test) context.effects.probes.emplace_back(test->deliveries.front().id, id);
    return test;
  });
  if (!appended) return tl::unexpected(std::move(appended).error());
  const AttemptWait wanted{
      .delivery = appended->deliveries.front().id,
      .from = from,
      .end = clock_.mono_now() + patience + kTestSlack};
  if (sends_for(id)) return wait_for_attempt(wanted, feed_, nullptr, clock_);
  auto reader = open_reader();
  if (!reader) return tl::unexpected(std::move(reader).error());
  return wait_for_attempt(wanted, feed_, reader->get(), clock_);
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
  return writer_.execute<Endpoint>([&](WriteContext& context) {
    return postrider::add_endpoint(context, std::move(endpoint));
  });
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
  return change_endpoint(
      id,
      [&](WriteContext& context, const Endpoint& endpoint) -> Result<Endpoint> {
        auto config = change(endpoint);
        if (!config) return tl::unexpected(std::move(config).error());
        Endpoint changed = endpoint;
        changed.config = std::move(*config);
        return put_endpoint(context, std::move(changed));
      }
  );
}

Status Service::remove_endpoint(EndpointId id) {
  return writer_.execute(Change{[&](WriteContext& context) -> Status {
    if (auto endpoint = require_endpoint(context, id); !endpoint)
      return tl::unexpected(endpoint.error());
    return postrider::remove_endpoint(context, id);
  }});
}

Result<Endpoint> Service::set_endpoint_state(EndpointId id, EndpointState state) {
  return change_endpoint(id, [&](WriteContext& context, const Endpoint& endpoint) {
    std::optional<DisabledReason> reason;
    if (state == EndpointState::kDisabled) reason = DisabledReason::kOperator;
    return postrider::set_endpoint_state(context, endpoint, state, reason);
  });
}

Result<Endpoint> Service::rotate_secret(
    EndpointId id, std::function<Result<std::string>(const Endpoint&)> secret_for, Millis overlap
) {
  return change_endpoint(
      id,
      [&](WriteContext& context, const Endpoint& endpoint) -> Result<Endpoint> {
        auto secret = secret_for(endpoint);
        if (!secret) return tl::unexpected(std::move(secret).error());
        return postrider::rotate_secret(context, endpoint, std::move(*secret), overlap);
      }
  );
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
  return writer_.execute<Task>([&](WriteContext& context) -> Result<Task> {
    Task task;
    task.kind = kind;
    task.filter = std::move(filter);
    // What dies from now on is not part of it: a replay that fails again is not replayed by the
    // same task.
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
}

Result<Task> Service::cancel_task(TaskId id) {
  return writer_.execute<Task>([&](WriteContext& context) -> Result<Task> {
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
}

// --- Keys and event types ------------------------------------------------------------------------

Result<ApiKey> Service::add_api_key(ApiKey key) {
  return writer_.execute<ApiKey>([&](WriteContext& context) -> Result<ApiKey> {
    key.created_at = context.now;
    auto id = context.store.add_api_key(key, context.now);
    if (!id) return tl::unexpected(std::move(id).error());
    key.id = *id;
    context.effects.keys_changed = true;
    return key;
  });
}

Status Service::remove_api_key(KeyId id) {
  return writer_.execute(Change{[&](WriteContext& context) -> Status {
    context.effects.keys_changed = true;
    return context.store.delete_api_key(id);
  }});
}

std::optional<ApiKey> Service::authenticate(std::string_view key) const {
  return keyring_.get()->find(key, clock_.wall_now());
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
