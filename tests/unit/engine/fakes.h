// A store, a transport and a sink in memory, for an engine alone.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"

namespace postrider::testing {

/// The rows that wait for endpoints. Only what the engine asks for.
class FakeReader final : public StoreReader {
 public:
  std::map<std::int64_t, DueDelivery> rows;       ///< pending ones, by id
  std::map<std::int64_t, std::int64_t> versions;  ///< of endpoints; 0 of all others
  std::vector<WaitingEndpoint> waiting;
  std::vector<std::pair<EndpointId, MonoTime>> sends;
  int reads_count = 0;
  int ordered_reads_count = 0;
  int pending_reads_count = 0;
  bool fails = false;

  [[nodiscard]] Result<DuePage> due(const DueParams& params) override {
    ++reads_count;
    if (fails) return fail(Errc::kBusy, "fake");
    DuePage page;
    page.endpoint_version = version_of(params.endpoint);
    if (!rows.empty()) page.newest = {rows.rbegin()->first};
    std::vector<std::pair<WallTime, std::int64_t>> order;
    for (const auto& [id, row] : rows) order.emplace_back(*row.delivery.due_at, id);
    std::sort(order.begin(), order.end());
    for (const auto& [at, id] : order) {
      const DueDelivery& row = rows.at(id);
      if (row.delivery.endpoint != params.endpoint || row.delivery.lane_key) continue;
      if (params.is_held({id})) continue;
      if (*row.delivery.due_at > params.now) {
        const WallTime due_at = *row.delivery.due_at;
        page.next_due_at = std::min(page.next_due_at.value_or(due_at), due_at);
      } else if (page.rows.size() < params.rows_max) {
        page.rows.push_back(row);
      } else {
        page.more = true;
      }
    }
    return page;
  }

  [[nodiscard]] Result<OrderedPage> ordered(const OrderedParams& params) override {
    ++ordered_reads_count;
    if (fails) return fail(Errc::kBusy, "fake");
    OrderedPage page;
    page.endpoint_version = version_of(params.endpoint);
    std::size_t due_count = 0;
    const auto show = [&](std::vector<OrderedHead>& to, const std::string& key) {
      to.push_back(head_of(params, key));
      if (to.back().delivery) ++due_count;
    };
    for (const auto& key : params.keys) {
      if (due_count < params.rows_max) show(page.heads, key);
    }
    if (params.scan) {
      page.scanned_up_to = params.after;
      std::size_t looked_at = 0;
      for (const auto& key : keys_of(params.endpoint)) {
        if (params.after && key <= *params.after) continue;
        if (due_count == params.rows_max || looked_at == params.keys_max) return page;
        ++looked_at;
        page.scanned_up_to = key;
        if (!params.is_known(key)) show(page.scanned, key);
      }
      page.scanned_up_to.reset();
    }
    if (!rows.empty()) page.newest = {rows.rbegin()->first};
    return page;
  }
  [[nodiscard]] std::int64_t version_of(EndpointId endpoint) const {
    const auto known = versions.find(endpoint.value);
    return known == versions.end() ? 0 : known->second;
  }
  [[nodiscard]] std::set<std::string> keys_of(EndpointId endpoint) const {
    std::set<std::string> keys;
    for (const auto& [id, row] : rows) {
      if (row.delivery.endpoint == endpoint && row.delivery.lane_key)
        keys.insert(*row.delivery.lane_key);
    }
    return keys;
  }
  [[nodiscard]] OrderedHead head_of(const OrderedParams& params, const std::string& key) const {
    OrderedHead head{.lane_key = key, .due_at = {}, .delivery = {}};
    for (const auto& [id, row] : rows) {
      if (row.delivery.endpoint != params.endpoint || row.delivery.lane_key != key) continue;
      head.has_successors = head.due_at.has_value();
      if (head.has_successors) break;
      head.due_at = row.delivery.due_at;
      if (*head.due_at <= params.now) head.delivery = row;
    }
    return head;
  }

  template <class T>
  static Result<T> none() {
    return fail(Errc::kInternal, "the engine does not ask for this");
  }
  [[nodiscard]] Result<std::vector<WaitingEndpoint>> waiting_endpoints(
      EndpointId after, std::size_t rows_max
  ) override {
    if (fails) return fail(Errc::kBusy, "fake");
    std::vector<WaitingEndpoint> page;
    for (const auto& one : waiting) {
      if (one.endpoint > after && page.size() < rows_max) page.push_back(one);
    }
    return page;
  }
  [[nodiscard]] Result<std::vector<PendingDelivery>> pending(std::span<const DeliveryId> ids
  ) override {
    if (fails) return fail(Errc::kBusy, "fake");
    ++pending_reads_count;
    std::vector<PendingDelivery> found;
    for (const DeliveryId id : ids) {
      const auto row = rows.find(id.value);
      if (row == rows.end()) continue;
      found.push_back({row->second, version_of(row->second.delivery.endpoint)});
    }
    return found;
  }
  using Sends = std::vector<std::pair<EndpointId, MonoTime>>;
  [[nodiscard]] Result<Sends> recent_sends() override {
    if (fails) return fail(Errc::kBusy, "fake");
    return sends;
  }
  [[nodiscard]] Result<Event> event(EventId) override { return none<Event>(); }
  [[nodiscard]] Result<Page<Event>> events(const EventFilter&, const PageParams&) override {
    return none<Page<Event>>();
  }
  [[nodiscard]] Result<DeliveryView> delivery(DeliveryId) override { return none<DeliveryView>(); }
  [[nodiscard]] Result<Page<DeliveryView>> deliveries(const DeliveryFilter&, const PageParams&)
      override {
    return none<Page<DeliveryView>>();
  }
  [[nodiscard]] Result<DeliveryHistory> history(DeliveryId) override {
    return none<DeliveryHistory>();
  }
  [[nodiscard]] Result<Page<DeliveryView>> dead_letters(const DeadLetterFilter&, const PageParams&)
      override {
    return none<Page<DeliveryView>>();
  }
  [[nodiscard]] Result<std::int64_t> count_dead_letters(const DeadLetterFilter&) override {
    return none<std::int64_t>();
  }
  [[nodiscard]] Result<Endpoint> endpoint(EndpointId) override { return none<Endpoint>(); }
  [[nodiscard]] Result<Page<Endpoint>> endpoints(const EndpointFilter&, const PageParams&)
      override {
    return none<Page<Endpoint>>();
  }
  [[nodiscard]] Result<std::vector<Endpoint>> all_endpoints() override {
    return none<std::vector<Endpoint>>();
  }
  [[nodiscard]] Result<std::vector<Delivery>> blocked_by(EndpointId, WallTime, std::size_t)
      override {
    return none<std::vector<Delivery>>();
  }
  [[nodiscard]] Result<Page<ApiKey>> api_keys(const PageParams&) override {
    return none<Page<ApiKey>>();
  }
  [[nodiscard]] Result<std::vector<ApiKey>> all_api_keys() override {
    return none<std::vector<ApiKey>>();
  }
  [[nodiscard]] Result<EventType> event_type(std::string_view) override {
    return none<EventType>();
  }
  [[nodiscard]] Result<Page<EventType>> event_types(const PageParams&) override {
    return none<Page<EventType>>();
  }
  [[nodiscard]] Result<std::vector<EventType>> all_event_types() override {
    return none<std::vector<EventType>>();
  }
  [[nodiscard]] Result<Task> task(TaskId) override { return none<Task>(); }
  [[nodiscard]] Result<Page<Task>> tasks(const PageParams&) override { return none<Page<Task>>(); }
  [[nodiscard]] Result<std::vector<Task>> running_tasks() override {
    return none<std::vector<Task>>();
  }
  [[nodiscard]] Result<std::vector<StatRow>> stats(const StatFilter&) override {
    return none<std::vector<StatRow>>();
  }
  [[nodiscard]] Result<std::vector<EndpointHealth>> endpoint_health(std::span<const EndpointId>)
      override {
    return none<std::vector<EndpointHealth>>();
  }
  [[nodiscard]] Result<StoreGauges> gauges() override { return none<StoreGauges>(); }
  [[nodiscard]] std::string_view kind() const override { return "fake"; }
  [[nodiscard]] Result<std::int64_t> count_open_circuits() override { return none<std::int64_t>(); }
  [[nodiscard]] Result<std::vector<Backlog>> backlog(WallTime) override {
    return none<std::vector<Backlog>>();
  }
  [[nodiscard]] Result<bool> outbox_waiting() override { return none<bool>(); }
  [[nodiscard]] std::uint64_t id_salt() const override { return 1; }
};

class FakeTransport final : public Transport {
 public:
  std::vector<std::pair<TransferId, Request>> sent;

  void submit(TransferId id, Request request) override { sent.emplace_back(id, request); }
  void poll(Millis /*wait*/, std::vector<Completion>& /*out*/) override {}
  void wake() noexcept override {}
};

class FakeTemplateRunner final : public TemplateRunner {
 public:
  std::vector<std::pair<TransferId, ProgramJob>> jobs;

  void submit(TransferId id, ProgramJob job) override { jobs.emplace_back(id, std::move(job)); }
};

class FakeSink final : public SettlementSink {
 public:
  std::vector<Settlement> settlements;
  std::vector<Urgency> urgencies;  // of each
  void put(Settlement settlement, Urgency urgency) override {
    settlements.push_back(std::move(settlement));
    urgencies.push_back(urgency);
  }
};

}  // namespace postrider::testing
