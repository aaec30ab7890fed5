// What operators and maintenance do.
#include "base/limits.h"
#include "crypto/encoding.h"
#include "service/delivery_changes.h"
#include "service/emit.h"
#include "service/endpoint_changes.h"
#include "service/sweeps.h"
#include "signing/standard.h"

#include "tests/sim/world.h"

namespace postrider::sim {
namespace {

RetryPolicy draw_retry(Prng& prng) {
  RetryPolicy policy;
  policy.jitter = chance(prng, 0.5) ? 0.2 : 0.0;
  if (chance(prng, 0.3)) {
    policy.kind = RetryPolicy::Kind::kExponential;
    policy.initial = Millis{1} + draw_millis(prng, Millis{2000});
    policy.delay_max = Millis{10'000};
    policy.attempts_max = 1 + static_cast<int>(prng.below(5));
    return policy;
  }
  policy.delays.resize(1 + prng.below(4));
  for (auto& delay : policy.delays) delay = Millis{1} + draw_millis(prng, Millis{5000});
  return policy;
}

RateLimit draw_rate_limit(Prng& prng) {
  RateLimit rate;
  rate.limit = 1 + static_cast<int>(prng.below(6));
  // A few periods, so that a limit is often changed and the period stays.
  rate.period = pick(prng, std::vector<Millis>{Millis{40}, Millis{1000}, Millis{20'000}});
  return rate;
}

std::string draw_transform(Prng& prng) {
  return pick(
      prng, std::vector<std::string>{kProgramWorks, kProgramWorks, kProgramMissing, kProgramFails}
  );
}

std::string draw_filter(Prng& prng) {
  return pick(
      prng, std::vector<std::string>{kFilterTakes, kFilterDrops, kFilterEven, kFilterBreaks}
  );
}

std::string draw_secret(Prng& prng) {
  std::string bytes;
  for (int i = 0; i < 24; ++i) bytes.push_back(static_cast<char>(prng.below(256)));
  return "whsec_" + crypto::base64_encode(bytes);
}

ModelEndpoint model_of(const Endpoint& endpoint) {
  ModelEndpoint model;
  model.id = endpoint.id.value;
  model.tenant = endpoint.tenant;
  model.event_types = endpoint.config.event_types;
  model.channels = endpoint.config.channels;
  model.filter = endpoint.config.filter;
  model.ordering = to_string(endpoint.config.ordering);
  return model;
}

}  // namespace

std::optional<std::int64_t> World::pick_endpoint() {
  const auto& known = checker_->endpoints();
  if (known.empty()) return std::nullopt;
  return std::next(known.begin(), static_cast<std::ptrdiff_t>(prng_.below(known.size())))->first;
}

std::optional<std::int64_t> World::pick_delivery(bool pending) {
  std::vector<std::int64_t> found;
  for (const auto& [id, row] : checker_->deliveries()) {
    if (row.is_pending() == pending) found.push_back(id);
  }
  if (found.empty()) return std::nullopt;
  return pick(prng_, found);
}

EndpointConfig World::draw_config(int index) {
  EndpointConfig config;
  config.url = "http://receiver/" + std::to_string(index);
  config.max_in_flight = 1 + static_cast<int>(prng_.below(5));
  config.payload = static_cast<PayloadKind>(prng_.below(3));
  if (happens(0.7)) config.retry = draw_retry(prng_);
  if (happens(plan_.rate_limit)) config.rate_limit = draw_rate_limit(prng_);
  if (happens(plan_.transform)) config.transform = draw_transform(prng_);
  if (happens(plan_.filter)) config.filter = draw_filter(prng_);
  if (happens(0.5)) config.timeout = Millis{1000} + draw_millis(prng_, Millis{4000});
  if (happens(0.3)) config.event_types = {"order.*"};
  if (happens(0.1)) config.event_types = {"ping", "user.created", "ping"};
  if (happens(0.2)) config.channels = {"eu", "asia"};
  if (happens(plan_.ordered)) config.ordering = happens(0.7) ? Ordering::kKey : Ordering::kStrict;
  if (happens(0.2)) config.headers = {{"x-extra", "1"}};
  return config;
}

void World::add_endpoint() {
  const int index = ++endpoints_count_;
  Endpoint endpoint;
  endpoint.tenant =
      "tenant" + std::to_string(prng_.below(static_cast<std::uint64_t>(plan_.tenants)));
  endpoint.config = draw_config(index);
  endpoint.secrets = {{draw_secret(prng_), clock_.wall_now(), std::nullopt}};
  enqueue<Endpoint>(
      fmt::format("add endpoint {}", index),
      [endpoint](WriteContext& context) { return postrider::add_endpoint(context, endpoint); },
      [this, index](const Endpoint& added) {
        checker_->put_endpoint(model_of(added), index);
        network_->set_mode(added.id.value, ending_ ? Mode::kHealthy : pick(prng_, plan_.modes));
      }
  );
}

void World::set_state(std::int64_t id, EndpointState state) {
  enqueue<Endpoint>(
      fmt::format("endpoint {}: {}", id, to_string(state)),
      [id, state](WriteContext& context) -> Result<Endpoint> {
        auto endpoint = require_endpoint(context, EndpointId{id});
        if (!endpoint) return tl::unexpected(endpoint.error());
        std::optional<DisabledReason> reason;
        if (state == EndpointState::kDisabled) reason = DisabledReason::kOperator;
        return set_endpoint_state(context, **endpoint, state, reason);
      },
      [this, id](const Endpoint& /*changed*/) { checker_->notes.endpoints.insert(id); }
  );
}

void World::change_endpoint() {
  const auto id = pick_endpoint();
  if (!id) return;
  const auto kind = prng_.below(8);
  if (kind < 3) return set_state(*id, EndpointState::kActive);
  if (kind == 3) return set_state(*id, EndpointState::kPaused);
  if (kind == 4) return set_state(*id, EndpointState::kDisabled);
  const EndpointConfig drawn = draw_config(0);
  const std::string secret = draw_secret(prng_);
  const bool new_url = happens(0.2);
  const Millis overlap = draw_millis(prng_, Millis{30'000});
  enqueue<Endpoint>(
      fmt::format("endpoint {}: {}", *id, kind == 5 ? "rotate" : "update"),
      [=](WriteContext& context) -> Result<Endpoint> {
        auto endpoint = require_endpoint(context, EndpointId{*id});
        if (!endpoint) return tl::unexpected(endpoint.error());
        if (kind == 5) return rotate_secret(context, **endpoint, secret, overlap);
        Endpoint changed = **endpoint;
        std::string url = changed.config.url;
        if (new_url) url += "?";  // another URL of the same receiver
        // What was in flight at a crash is bounded by the limit as it is then.
        const int in_flight = changed.config.max_in_flight;
        const bool keeps = changed.config.rate_limit.has_value() && drawn.rate_limit.has_value();
        changed.config = drawn;
        changed.config.url = url;
        if (keeps) changed.config.max_in_flight = std::max(in_flight, drawn.max_in_flight);
        return put_endpoint(context, changed);
      },
      [this](const Endpoint& changed) {
        const auto& url = changed.config.url;
        checker_->put_endpoint(model_of(changed), std::stoi(url.substr(url.rfind('/') + 1)));
      }
  );
}

void World::remove_endpoint() {
  const auto id = pick_endpoint();
  if (!id) return;
  enqueue<bool>(
      fmt::format("endpoint {}: delete", *id),
      [id](WriteContext& context) -> Result<bool> {
        if (auto endpoint = require_endpoint(context, EndpointId{*id}); !endpoint)
          return tl::unexpected(endpoint.error());
        if (auto gone = postrider::remove_endpoint(context, EndpointId{*id}); !gone)
          return tl::unexpected(gone.error());
        return true;
      },
      [this, id](const bool& /*gone*/) { checker_->remove_endpoint(*id); }
  );
}

void World::change_delivery() {
  const auto kind = prng_.below(4);
  const auto id = pick_delivery(kind < 2);
  if (!id) return;
  using Operation = Result<Delivery> (*)(WriteContext&, DeliveryId);
  static constexpr std::array<std::pair<const char*, Operation>, 4> kOperations = {{
      {"retry", &retry_delivery},
      {"cancel", &cancel_delivery},
      {"replay", &replay_dead_letter},
      {"discard", &discard_dead_letter},
  }};
  const auto [name, operation] = kOperations.at(kind);
  const Operation chosen = operation;
  enqueue<Delivery>(
      fmt::format("{} delivery {}", name, *id),
      [chosen, id](WriteContext& context) { return chosen(context, DeliveryId{*id}); },
      [this, kind, id](const Delivery& /*changed*/) {
        GroupNotes& notes = checker_->notes;
        const std::array<std::set<std::int64_t>*, 4> of_kind = {
            &notes.retried, &notes.cancelled, &notes.replayed, &notes.discarded};
        of_kind.at(kind)->insert(*id);
      }
  );
}

void World::replay_event() {
  const auto delivery = pick_delivery(happens(0.3));
  if (!delivery) return;
  const auto& row = checker_->deliveries().at(*delivery);
  const EventId event{row.event};
  std::optional<EndpointId> only;
  if (happens(0.5)) only = EndpointId{row.endpoint};
  enqueue_filtered<std::vector<Delivery>>(
      fmt::format("replay event {}", event.value),
      [event, only](WriteContext& context, Filtering& filtering) {
        return postrider::replay_event(context, event, only, filtering);
      },
      [this, event, only](const std::vector<Delivery>& pending) {
        checker_->on_event_replay(event, only, pending);
      }
  );
}

void World::start_task() {
  Task task;
  task.kind = happens(0.6) ? TaskKind::kReplayDeadLetters : TaskKind::kDiscardDeadLetters;
  if (happens(0.5)) {
    if (const auto endpoint = pick_endpoint()) task.filter.endpoint = EndpointId{*endpoint};
  }
  enqueue<TaskId>(
      "start a task",
      [task](WriteContext& context) mutable {
        task.filter.until = context.now + Millis{1};
        task.created_at = context.now;
        task.updated_at = context.now;
        return context.store.add_task(task, context.now);
      },
      [this](const TaskId& id) { tasks_.push_back(id); }
  );
}

void World::maintain() {
  const Millis hold = plan_.hold_disabled;
  enqueue_led<bool>(
      "sweep",
      [hold](WriteContext& context) -> Result<bool> {
        bool more = false;
        if (auto swept = sweep_deliveries(context, hold, more); !swept)
          return tl::unexpected(swept.error());
        return more;
      },
      [this, hold](const bool& /*more*/) {
        checker_->notes.sweep = true;
        checker_->notes.hold_disabled = hold;
      }
  );
  for (const auto& member : members_) {
    member->node->enqueue(command_of<bool>(
        "sweep behind circuits",
        [](WriteContext& context) -> Result<bool> {
          bool more = false;
          EndpointId after;
          if (auto swept = sweep_circuits(context, default_policy(), after, more); !swept)
            return tl::unexpected(swept.error());
          return more;
        },
        [this](const bool& /*more*/) { checker_->notes.sweep = true; }
    ));
  }
  enqueue_filtered<std::size_t>(
      "take up the outbox",
      [](WriteContext& context, Filtering& filtering) -> Result<std::size_t> {
        if (!context.leads()) return std::size_t{0};
        return take_up_outbox(context, *Catalogue::build({}), {}, limits::kChunkRowsMax, filtering);
      },
      [this](const std::size_t& rows) {
        if (rows > 0) checker_->take_up_outbox();
      }
  );
  for (const TaskId id : tasks_) {
    enqueue_led<Task>(
        fmt::format("step task {}", id.value),
        [id](WriteContext& context) { return step_task(context, id); },
        [this, id](const Task& task) {
          checker_->notes.task = true;
          if (task.state != TaskState::kRunning) std::erase(tasks_, id);
        }
    );
  }
  if (!plan_.prunes || !happens(0.3)) return;
  const Millis retention = plan_.retention;
  enqueue_led<RetentionResult>(
      "prune",
      [retention](WriteContext& context) {
        return context.store.prune(
            context.now - retention, context.now - std::chrono::hours{24}, limits::kRetentionRowsMax
        );
      },
      [this, retention](const RetentionResult& /*pruned*/) {
        checker_->notes.prune = true;
        checker_->notes.prune_before = written_at_ - retention;
      }
  );
}

}  // namespace postrider::sim
