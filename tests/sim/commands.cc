// What producers do.
#include <algorithm>
#include <cstdlib>

#include "crypto/hash.h"
#include "service/emit.h"

#include "tests/sim/world.h"

namespace postrider::sim {
namespace {

const std::vector<std::string> kTypes = {"order.created", "order.paid", "user.created", "ping"};
const std::vector<std::string> kChannels = {"eu", "us", "asia"};

EventDraft draft_of(const ModelEvent& event) {
  EventDraft draft;
  draft.type = event.type;
  draft.data = event.data;
  draft.tenant = event.tenant;
  draft.channels = event.channels;
  draft.deliver_at = event.deliver_at;
  draft.expires_at = event.expires_at;
  draft.ordering_key = event.ordering_key;
  return draft;
}

std::string sql_text(const std::string& text) {
  std::string sql = "'";
  for (const char c : text) sql.append(c == '\'' ? "''" : std::string{c});
  return sql + "'";
}

std::string tenant_name(std::uint64_t number) { return "tenant" + std::to_string(number); }

}  // namespace

void World::draw_commands() {
  if (ending_) return;
  if (happens(plan_.emit)) emit();
  if (happens(plan_.outbox)) insert_outbox();
  if (happens(plan_.delivery_change)) change_delivery();
  if (happens(plan_.event_replay)) replay_event();
  if (happens(plan_.task)) start_task();
  if (static_cast<int>(checker_->endpoints().size()) < plan_.endpoints_max && happens(0.3))
    add_endpoint();
  if (happens(plan_.endpoint_change)) change_endpoint();
  if (happens(plan_.endpoint_delete)) remove_endpoint();
  if (happens(plan_.maintenance)) maintain();
  if (happens(plan_.mode_change)) {
    if (const auto endpoint = pick_endpoint()) {
      const Mode mode = pick(prng_, plan_.modes);
      trace_.note(
          0, *endpoint, fmt::format("receiver of {} is {}", *endpoint, static_cast<int>(mode))
      );
      network_->set_mode(*endpoint, mode);
    }
  }
}

std::string World::draw_data() {
  const std::int64_t number = ++events_count_;
  std::string data = fmt::format(R"({{ "n":{}, "total":10.50,"s":"\u0041  x")", number);
  if (happens(plan_.large_data))
    data += fmt::format(R"(,"pad":"{}")", std::string(prng_.below(3000), 'x'));
  return data + "}";
}

ModelEvent World::draw_event() {
  ModelEvent event;
  event.tenant = tenant_name(prng_.below(static_cast<std::uint64_t>(plan_.tenants)));
  event.type = pick(prng_, kTypes);
  event.data = draw_data();
  if (happens(0.4)) event.channels = {pick(prng_, kChannels)};
  if (!happens(plan_.keyless))
    event.ordering_key = "line" + std::to_string(prng_.below(plan_.ordering_keys));
  const WallTime now = clock_.wall_now();
  if (happens(plan_.deliver_at))
    event.deliver_at = now + draw_millis(prng_, Millis{60'000}) - Millis{5000};
  if (happens(plan_.expires_at)) {
    event.expires_at = std::max(now, event.deliver_at.value_or(now)) + Millis{1} +
                       draw_millis(prng_, Millis{20'000});
  }
  return event;
}

void World::emit() {
  std::vector<ModelEvent> events(1);
  if (happens(plan_.batch)) events.resize(1 + prng_.below(5));
  for (auto& event : events) {
    event = draw_event();
    event.tenant = events.front().tenant;
  }
  const std::string tenant = events.front().tenant;
  std::string body;
  for (const auto& event : events) body += event.type + event.data;
  EmitParams params;
  std::optional<std::string> key;
  if (happens(plan_.keyed)) {
    key = "key" + std::to_string(prng_.below(30));
    const auto known = keys_.find({tenant, *key});
    // A producer repeats what it has sent, or makes a mistake.
    if (known != keys_.end() && happens(0.7)) body = known->second.body;
    params.idempotency = IdempotencyKey{tenant, *key, crypto::sha256(body)};
  }
  for (const auto& event : events) params.events.push_back(draft_of(event));
  params.render = [](const std::vector<Appended>& appended) {
    std::string answer;
    for (const auto& one : appended) answer += std::to_string(one.id.value) + " ";
    return answer;
  };
  enqueue_filtered<Result<Emitted>>(
      fmt::format("emit {} events, key {}", events.size(), key.value_or("none")),
      [params](WriteContext& context, Filtering& filtering) -> Result<Result<Emitted>> {
        EmitParams again = params;
        auto emitted = postrider::emit(context, again, filtering);
        // A key that was used for another body is an answer to classify.
        if (!emitted && emitted.error().code != Errc::kConflict)
          return tl::unexpected(std::move(emitted).error());
        return emitted;
      },
      [this, events, tenant, key, body](const Result<Emitted>& emitted) {
        if (key) {
          const auto known = keys_.find({tenant, *key});
          const bool is_known = known != keys_.end();
          const bool forgotten =
              is_known && clock_.wall_now() - known->second.created_at >= std::chrono::hours{24};
          if (!emitted) {
            if (!is_known || known->second.body == body) throw Violation{"a key is refused"};
            return;
          }
          if (is_known && !forgotten && (!emitted->replayed || known->second.body != body))
            throw Violation{"a key was used twice"};
          if (emitted->replayed) {
            if (!is_known || known->second.answer != emitted->answer)
              throw Violation{"a key was answered differently"};
            return;
          }
          keys_[{tenant, *key}] = {body, emitted->answer, clock_.wall_now()};
        }
        if (!emitted) throw Violation{"an event is refused"};
        const char* at = emitted->answer.c_str();
        for (const auto& event : events) {
          char* end = nullptr;
          checker_->accept(std::strtoll(at, &end, 10), event);
          at = end;
        }
      }
  );
}

void World::insert_outbox() {
  ModelOutboxRow row;
  row.event = draw_event();
  if (happens(plan_.keyed)) row.key = "outbox" + std::to_string(prng_.below(20));
  std::string channels = "NULL";
  if (!row.event.channels.empty()) channels = sql_text("[\"" + row.event.channels.front() + "\"]");
  const auto instant = [](const std::optional<WallTime>& at) {
    return at ? sql_text(to_rfc3339(*at)) : std::string{"NULL"};
  };
  std::string type = sql_text(row.event.type);
  std::string data = sql_text(row.event.data);
  if (happens(0.2)) {
    row.valid = false;
    switch (prng_.below(4)) {
      case 0:
        type = "NULL";
        break;
      case 1:
        data = sql_text(row.event.data + "}");
        break;
      case 2:
        channels = sql_text("eu");
        break;
      default:
        type = sql_text("no type!");
        break;
    }
  }
  const bool committed = happens(0.7);
  tables_->run("BEGIN IMMEDIATE");
  tables_->run(fmt::format(
      "INSERT INTO outbox(type, data, tenant, channels, deliver_at, expires_at, "
      "ordering_key, idempotency_key) VALUES ({}, {}, {}, {}, {}, {}, {}, {})",
      type,
      data,
      sql_text(row.event.tenant),
      channels,
      instant(row.event.deliver_at),
      instant(row.event.expires_at),
      row.event.ordering_key.empty() ? "NULL" : sql_text(row.event.ordering_key),
      row.key.empty() ? "NULL" : sql_text(row.key)
  ));
  tables_->run(committed ? "COMMIT" : "ROLLBACK");
  if (committed) checker_->insert_outbox(events_count_, row);
}

}  // namespace postrider::sim
