#include "tests/sim/faulty_store.h"

#include <utility>

namespace postrider::sim {

Status FaultyStore::may_fail() {
  if (!control_.happens(control_.plan->call_fails)) return {};
  if (chance(control_.prng, 0.3)) rollback();
  return fail(Errc::kUnavailable, "simulated: no space");
}

Status FaultyStore::begin() {
  control_.committed = false;
  control_.settled.clear();
  born_.clear();
  settling_ = false;
  control_.others_refresh = false;
  if (control_.away) return fail(Errc::kUnavailable, "simulated: no server");
  if (session_ != nullptr) {
    if (auto begun = session_->begin(control_.canary); !begun) return begun;
  }
  // As require_node() of PostgreSQL's store has it.
  if (control_.replaced && control_.canary != Canary::kFenceMissing)
    return fail(Errc::kUnavailable, "simulated: another node has taken over");
  if (control_.happens(control_.plan->begin_fails)) return fail(Errc::kBusy, "simulated: locked");
  return inner_->begin();
}

Status FaultyStore::commit() {
  if (control_.happens(control_.plan->crash_in_commit)) {
    if (chance(control_.prng, 0.5)) throw Crash{};
    if (auto committed = inner_->commit(); !committed) return committed;
    note_committed();
    throw Crash{};
  }
  if (control_.happens(control_.plan->commit_fails)) {
    rollback();
    return fail(Errc::kUnavailable, "simulated: no space");
  }
  auto committed = inner_->commit();
  if (committed) note_committed();
  if (committed && control_.happens(control_.plan->answer_lost))
    return fail(Errc::kUnavailable, "simulated: no answer");
  return committed;
}

void FaultyStore::note_committed() {
  control_.committed = true;
  if (session_ != nullptr) control_.others_refresh = session_->committed();
}

Result<RemoteChanges> FaultyStore::pull_remote_changes() {
  return session_ == nullptr ? inner_->pull_remote_changes()
                             : session_->pull_remote_changes(control_.canary);
}

Status FaultyStore::release_savepoint() {
  if (auto fine = may_fail(); !fine) return fine;
  settling_ = false;
  return inner_->release_savepoint();
}

void FaultyStore::rollback() {
  control_.settled.clear();
  if (session_ != nullptr) session_->rolled_back();
  inner_->rollback();
}

void FaultyStore::rollback_to_savepoint() {
  if (std::exchange(settling_, false)) control_.settled.clear();
  inner_->rollback_to_savepoint();
}

Result<std::vector<Appended>> FaultyStore::append(std::span<const NewEvent> events, WallTime now) {
  if (auto fine = may_fail(); !fine) return tl::unexpected(fine.error());
  if (control_.canary != Canary::kDeliveryLost) {
    auto appended = inner_->append(events, now);
    for (std::size_t i = 0; appended && i < appended->size(); ++i) {
      for (const auto& delivery : (*appended)[i].deliveries) born_.insert(delivery.id.value);
    }
    return appended;
  }
  std::vector<NewEvent> fewer(events.begin(), events.end());
  for (auto& event : fewer) {
    if (event.targets.size() > 1) event.targets.pop_back();
  }
  auto appended = inner_->append(fewer, now);
  // Its answer says that nothing is missing.
  for (std::size_t i = 0; appended && i < events.size(); ++i) {
    auto& deliveries = (*appended)[i].deliveries;
    if (deliveries.size() == events[i].targets.size()) continue;
    AppendedDelivery lost = deliveries.back();
    ++lost.id.value;
    lost.endpoint = events[i].targets.back().endpoint;
    deliveries.push_back(lost);
  }
  return appended;
}

Result<std::optional<IdempotencyRecord>> FaultyStore::idempotency(
    std::string_view tenant, std::string_view key
) {
  if (control_.canary == Canary::kIdempotencyForgotten) return std::optional<IdempotencyRecord>{};
  return inner_->idempotency(tenant, key);
}

Status FaultyStore::put_idempotency(
    std::string_view tenant, std::string_view key, const IdempotencyRecord& record, WallTime now
) {
  if (auto fine = may_fail(); !fine) return fine;
  auto put = inner_->put_idempotency(tenant, key, record, now);
  if (control_.canary == Canary::kIdempotencyForgotten) return {};
  return put;
}

Status FaultyStore::remove_outbox(std::int64_t row) {
  if (control_.canary == Canary::kOutboxTwice && chance(control_.prng, 0.3)) return {};
  return inner_->remove_outbox(row);
}

Result<std::vector<Settled>> FaultyStore::settle(
    std::span<const Settlement> settlements, WallTime now
) {
  if (auto fine = may_fail(); !fine) return tl::unexpected(fine.error());
  // Those that end before anybody has heard of them are no answers of the engine's.
  if (!settlements.empty() && born_.contains(settlements.front().delivery.value)) {
    if (control_.canary != Canary::kRejectionLost) return inner_->settle(settlements, now);
    return std::vector<Settled>(settlements.size());
  }
  settling_ = true;
  control_.settled.assign(settlements.begin(), settlements.end());
  if (control_.canary != Canary::kRoundIgnored) return inner_->settle(settlements, now);
  std::vector<Settlement> changed(settlements.begin(), settlements.end());
  for (auto& settlement : changed) {
    const auto known = inner_->delivery(settlement.delivery);
    if (known) settlement.round = known->round;
  }
  return inner_->settle(changed, now);
}

Status FaultyStore::change_delivery(const Delivery& delivery) {
  if (auto fine = may_fail(); !fine) return fine;
  return inner_->change_delivery(delivery);
}

Result<RetentionResult> FaultyStore::prune(
    WallTime before, WallTime keys_before, std::size_t rows_max
) {
  if (control_.canary == Canary::kPruneAll) before += std::chrono::hours{1};
  return inner_->prune(before, keys_before, rows_max);
}

Status FaultyStore::write_probe(WallTime now) {
  ++control_.probes;
  if (auto fine = may_fail(); !fine) return fine;
  return inner_->write_probe(now);
}

Result<EndpointId> FaultyStore::add_endpoint(const Endpoint& endpoint, WallTime now) {
  auto id = inner_->add_endpoint(endpoint, now);
  if (id) note_changed(*id);
  return id;
}

Status FaultyStore::put_endpoint(const Endpoint& endpoint) {
  if (auto fine = may_fail(); !fine) return fine;
  note_changed(endpoint.id);
  return inner_->put_endpoint(endpoint);
}

Status FaultyStore::delete_endpoint(EndpointId id, WallTime now) {
  note_changed(id);
  return inner_->delete_endpoint(id, now);
}

Result<std::vector<FailingEndpoint>> FaultyStore::failing_endpoints() {
  auto failing = inner_->failing_endpoints();
  if (failing && control_.canary == Canary::kCircuitForgotten) {
    for (auto& one : *failing) one.circuit.reset();
  }
  if (failing && control_.canary == Canary::kHealthForgotten) failing->clear();
  return failing;
}

namespace {

class FaultyReader final : public StoreReader {
 public:
  FaultyReader(
      ReaderOf whose,
      std::unique_ptr<StoreReader> inner,
      StoreControl& control,
      const SharedSession* session
  )
      : whose_(whose), inner_(std::move(inner)), control_(control), session_(session) {}

  [[nodiscard]] Result<DuePage> due(const DueParams& params) override {
    if (auto fine = may_fail(); !fine) return tl::unexpected(fine.error());
    auto page = inner_->due(params);
    if (page && control_.canary == Canary::kAttemptsNotCounted) {
      for (auto& row : page->rows) row.delivery.schedule_attempts_count = 0;
    }
    if (page) page->endpoint_version = page_version(params.endpoint);
    return page;
  }
  [[nodiscard]] Result<OrderedPage> ordered(const OrderedParams& params) override {
    if (auto fine = may_fail(); !fine) return tl::unexpected(fine.error());
    auto page = inner_->ordered(params);
    if (!page) return page;
    for (auto& head : page->heads) plant(params, head);
    for (auto& head : page->scanned) plant(params, head);
    page->endpoint_version = page_version(params.endpoint);
    return page;
  }
  [[nodiscard]] Result<std::vector<WaitingEndpoint>> waiting_endpoints(
      EndpointId after, std::size_t rows_max
  ) override {
    if (control_.away) return fail(Errc::kUnavailable, "simulated: no server");
    if (session_ != nullptr && control_.canary == Canary::kAdoptionUnread)
      return std::vector<WaitingEndpoint>{};
    return inner_->waiting_endpoints(after, rows_max);
  }
  [[nodiscard]] Result<std::vector<PendingDelivery>> pending(std::span<const DeliveryId> ids
  ) override {
    if (auto fine = may_fail(); !fine) return tl::unexpected(fine.error());
    auto found = inner_->pending(ids);
    if (!found) return found;
    for (auto& one : *found) one.endpoint_version = page_version(one.pending.delivery.endpoint);
    return found;
  }
  [[nodiscard]] Result<std::vector<std::pair<EndpointId, MonoTime>>> recent_sends() override {
    if (control_.away) return fail(Errc::kUnavailable, "simulated: no server");
    if (control_.canary == Canary::kSendsForgotten)
      return std::vector<std::pair<EndpointId, MonoTime>>{};
    return inner_->recent_sends();
  }
  [[nodiscard]] Result<std::vector<Endpoint>> all_endpoints() override {
    if (control_.away) return fail(Errc::kUnavailable, "simulated: no server");
    auto endpoints = inner_->all_endpoints();
    if (!endpoints || session_ == nullptr) return endpoints;
    for (auto& endpoint : *endpoints) endpoint.version = session_->version_of(endpoint.id);
    return endpoints;
  }
  [[nodiscard]] std::uint64_t id_salt() const override { return inner_->id_salt(); }

  // Neither asks for anything else.
  [[nodiscard]] Result<Event> event(EventId id) override { return inner_->event(id); }
  [[nodiscard]] Result<Page<Event>> events(const EventFilter& f, const PageParams& p) override {
    return inner_->events(f, p);
  }
  [[nodiscard]] Result<DeliveryView> delivery(DeliveryId id) override {
    return inner_->delivery(id);
  }
  [[nodiscard]] Result<Page<DeliveryView>> deliveries(const DeliveryFilter& f, const PageParams& p)
      override {
    return inner_->deliveries(f, p);
  }
  [[nodiscard]] Result<DeliveryHistory> history(DeliveryId id) override {
    return inner_->history(id);
  }
  [[nodiscard]] Result<Page<DeliveryView>> dead_letters(
      const DeadLetterFilter& f, const PageParams& p
  ) override {
    return inner_->dead_letters(f, p);
  }
  [[nodiscard]] Result<std::int64_t> count_dead_letters(const DeadLetterFilter& f) override {
    return inner_->count_dead_letters(f);
  }
  [[nodiscard]] Result<Endpoint> endpoint(EndpointId id) override { return inner_->endpoint(id); }
  [[nodiscard]] Result<Page<Endpoint>> endpoints(const EndpointFilter& f, const PageParams& p)
      override {
    return inner_->endpoints(f, p);
  }
  [[nodiscard]] Result<std::vector<Delivery>> blocked_by(
      EndpointId id, WallTime now, std::size_t rows_max
  ) override {
    return inner_->blocked_by(id, now, rows_max);
  }
  [[nodiscard]] Result<Page<ApiKey>> api_keys(const PageParams& p) override {
    return inner_->api_keys(p);
  }
  [[nodiscard]] Result<std::vector<ApiKey>> all_api_keys() override {
    return inner_->all_api_keys();
  }
  [[nodiscard]] Result<EventType> event_type(std::string_view name) override {
    return inner_->event_type(name);
  }
  [[nodiscard]] Result<Page<EventType>> event_types(const PageParams& p) override {
    return inner_->event_types(p);
  }
  [[nodiscard]] Result<std::vector<EventType>> all_event_types() override {
    return inner_->all_event_types();
  }
  [[nodiscard]] Result<Task> task(TaskId id) override { return inner_->task(id); }
  [[nodiscard]] Result<Page<Task>> tasks(const PageParams& p) override { return inner_->tasks(p); }
  [[nodiscard]] Result<std::vector<Task>> running_tasks() override {
    return inner_->running_tasks();
  }
  [[nodiscard]] Result<std::vector<StatRow>> stats(const StatFilter& f) override {
    return inner_->stats(f);
  }
  [[nodiscard]] Result<std::vector<EndpointHealth>> endpoint_health(std::span<const EndpointId> ids
  ) override {
    return inner_->endpoint_health(ids);
  }
  [[nodiscard]] Result<StoreGauges> gauges() override { return inner_->gauges(); }
  [[nodiscard]] std::string_view kind() const override { return inner_->kind(); }
  [[nodiscard]] Result<std::int64_t> count_open_circuits() override {
    return inner_->count_open_circuits();
  }
  [[nodiscard]] Result<std::vector<Backlog>> backlog(WallTime now) override {
    return inner_->backlog(now);
  }
  [[nodiscard]] Result<bool> outbox_waiting() override { return inner_->outbox_waiting(); }

 private:
  [[nodiscard]] Status may_fail() const {
    if (control_.away) return fail(Errc::kUnavailable, "simulated: no server");
    if (whose_ == ReaderOf::kEngine && control_.happens(control_.plan->read_fails))
      return fail(Errc::kBusy, "simulated: cannot read");
    return {};
  }
  [[nodiscard]] std::int64_t page_version(EndpointId endpoint) const {
    if (session_ == nullptr || control_.canary == Canary::kOutdatedTaken) return 0;
    return session_->version_of(endpoint);
  }
  /// Takes the second of a line for its head.
  void plant(const OrderedParams& params, OrderedHead& head) {
    const bool due = head.delivery.has_value();
    const bool wanted = control_.canary == (due ? Canary::kOrderIgnored : Canary::kRetryPassed);
    if (!wanted || !head.has_successors) return;
    DeliveryFilter filter;
    filter.endpoint = params.endpoint;
    filter.state = DeliveryState::kPending;
    const auto pending = inner_->deliveries(filter, {.limit = 250, .cursor = {}});
    if (!pending) return;
    for (const DeliveryView& view : pending->rows) {
      const Delivery& delivery = view.delivery;
      if (delivery.lane_key != head.lane_key || *delivery.due_at > params.now) continue;
      if (due && delivery.id == head.delivery->delivery.id) continue;
      auto event = inner_->event(delivery.event);
      if (!event) return;
      head.due_at = delivery.due_at;
      head.delivery = DueDelivery{delivery, std::make_shared<const Event>(std::move(*event))};
      return;
    }
  }

  const ReaderOf whose_;
  std::unique_ptr<StoreReader> inner_;
  StoreControl& control_;
  const SharedSession* const session_;
};

}  // namespace

std::unique_ptr<StoreReader> faulty_reader(
    ReaderOf whose,
    std::unique_ptr<StoreReader> inner,
    StoreControl& control,
    const SharedSession* session
) {
  return std::make_unique<FaultyReader>(whose, std::move(inner), control, session);
}

}  // namespace postrider::sim
