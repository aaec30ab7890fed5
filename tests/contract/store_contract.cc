#include "tests/contract/store_contract.h"

namespace postrider::testing {

EventDraft make_draft(std::string type) {
  EventDraft draft;
  draft.type = std::move(type);
  draft.data = R"({"total": 10.50})";
  return draft;
}

Endpoint make_endpoint(std::string tenant) {
  Endpoint endpoint;
  endpoint.tenant = std::move(tenant);
  endpoint.config.url = "https://example.com/hook";
  endpoint.secrets.push_back({.value = "whsec_1", .created_at = kStart, .expires_at = {}});
  return endpoint;
}

Attempt make_attempt(Outcome outcome, int status) {
  Attempt attempt;
  attempt.started_at = kStart;
  attempt.duration = Millis{12};
  attempt.status = status;
  attempt.outcome = outcome;
  if (outcome != Outcome::kSuccess) attempt.error = "answered " + std::to_string(status);
  attempt.response_excerpt = std::string{"\x00\xff ok", 5};
  return attempt;
}

void StoreContract::SetUp() {
  factory_ = GetParam().make();
  reopen();
}

void StoreContract::reopen() {
  reader_.reset();
  store_.reset();
  auto store = factory_->open_store();
  ASSERT_TRUE(store) << store.error().context;
  store_ = std::move(*store);
  auto reader = factory_->open_reader();
  ASSERT_TRUE(reader) << reader.error().context;
  reader_ = std::move(*reader);
}

EndpointId StoreContract::add_endpoint(const Endpoint& endpoint, WallTime now) {
  const auto id = committed([&] { return store_->add_endpoint(endpoint, now); });
  EXPECT_TRUE(id) << id.error().context;
  return id.value_or(EndpointId{});
}

Appended StoreContract::append(
    EventDraft draft, const std::vector<EndpointId>& endpoints, WallTime now
) {
  std::vector<Target> targets;
  for (const EndpointId endpoint : endpoints) targets.push_back({endpoint});
  return append_to(std::move(draft), std::move(targets), now);
}

Appended StoreContract::append_to(EventDraft draft, std::vector<Target> targets, WallTime now) {
  const std::vector<NewEvent> events{{.draft = std::move(draft), .targets = std::move(targets)}};
  auto appended = committed([&] { return store_->append(events, now); });
  EXPECT_TRUE(appended) << appended.error().context;
  return appended && appended->size() == 1 ? appended->front() : Appended{};
}

DeliveryId StoreContract::append_delivery(EndpointId endpoint, WallTime now) {
  const auto appended = append(make_draft(), {endpoint}, now);
  return appended.deliveries.empty() ? DeliveryId{} : appended.deliveries.front().id;
}

Settled StoreContract::settle(
    const Delivery& delivery, NextState next, WallTime now, Attempt attempt
) {
  const std::vector<Settlement> settlements{{
      .delivery = delivery.id,
      .endpoint = delivery.endpoint,
      .round = delivery.round,
      .attempts_count = delivery.attempts_count,
      .attempt = std::move(attempt),
      .next = next,
  }};
  const auto settled = committed([&] { return store_->settle(settlements, now); });
  EXPECT_TRUE(settled) << settled.error().context;
  return settled && settled->size() == 1 ? settled->front() : Settled{};
}

Settled StoreContract::settle(const Delivery& delivery, NextState next, WallTime now) {
  const bool delivered = std::holds_alternative<Delivered>(next);
  return settle(
      delivery, next, now, delivered ? make_attempt() : make_attempt(Outcome::kHttpError, 500)
  );
}

Delivery StoreContract::stored(DeliveryId id) {
  auto delivery = store_->delivery(id);
  EXPECT_TRUE(delivery) << delivery.error().context;
  return delivery.value_or(Delivery{});
}

DeliveryId StoreContract::append_dead(
    EndpointId endpoint, WallTime now, DeadReason reason, const std::string& type
) {
  const auto appended = append(make_draft(type), {endpoint}, now);
  if (appended.deliveries.empty()) return {};
  const DeliveryId id = appended.deliveries.front().id;
  EXPECT_TRUE(settle(stored(id), Dead{reason}, now).applied);
  return id;
}

DuePage StoreContract::due(EndpointId endpoint, WallTime now, std::size_t rows_max) {
  auto page =
      reader_->due({.endpoint = endpoint, .now = now, .rows_max = rows_max, .is_held = nullptr});
  EXPECT_TRUE(page) << page.error().context;
  return page ? std::move(*page) : DuePage{};
}

}  // namespace postrider::testing
