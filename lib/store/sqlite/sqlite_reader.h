// The reading connection.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/reader.h"
#include "store/sqlite/sqlite_db.h"

namespace postrider::sqlite {

/// Owned by one thread.
class SqliteReader final : public StoreReader {
 public:
  [[nodiscard]] static Result<std::unique_ptr<StoreReader>> open(const std::string& path);

  [[nodiscard]] Result<DuePage> due(const DueParams& params) override;
  [[nodiscard]] Result<OrderedPage> ordered(const OrderedParams& params) override;
  [[nodiscard]] Result<std::vector<WaitingEndpoint>> waiting_endpoints(
      EndpointId after, std::size_t rows_max
  ) override;

  [[nodiscard]] Result<std::vector<PendingDelivery>> pending(std::span<const DeliveryId> ids
  ) override;
  [[nodiscard]] Result<std::vector<std::pair<EndpointId, MonoTime>>> recent_sends() override;

  [[nodiscard]] Result<Event> event(EventId id) override;
  [[nodiscard]] Result<Page<Event>> events(const EventFilter& filter, const PageParams& params)
      override;
  [[nodiscard]] Result<DeliveryView> delivery(DeliveryId id) override;
  [[nodiscard]] Result<Page<DeliveryView>> deliveries(
      const DeliveryFilter& filter, const PageParams& params
  ) override;
  [[nodiscard]] Result<DeliveryHistory> history(DeliveryId id) override;
  [[nodiscard]] Result<Page<DeliveryView>> dead_letters(
      const DeadLetterFilter& filter, const PageParams& params
  ) override;
  [[nodiscard]] Result<std::int64_t> count_dead_letters(const DeadLetterFilter& filter) override;

  [[nodiscard]] Result<Endpoint> endpoint(EndpointId id) override;
  [[nodiscard]] Result<Page<Endpoint>> endpoints(
      const EndpointFilter& filter, const PageParams& params
  ) override;
  [[nodiscard]] Result<std::vector<EndpointHealth>> endpoint_health(std::span<const EndpointId> ids
  ) override;
  [[nodiscard]] Result<std::vector<Delivery>> blocked_by(
      EndpointId id, WallTime now, std::size_t rows_max
  ) override;
  [[nodiscard]] Result<std::vector<Endpoint>> all_endpoints() override;

  [[nodiscard]] Result<Page<ApiKey>> api_keys(const PageParams& params) override;
  [[nodiscard]] Result<std::vector<ApiKey>> all_api_keys() override;
  [[nodiscard]] Result<EventType> event_type(std::string_view name) override;
  [[nodiscard]] Result<Page<EventType>> event_types(const PageParams& params) override;
  [[nodiscard]] Result<std::vector<EventType>> all_event_types() override;
  [[nodiscard]] Result<Task> task(TaskId id) override;
  [[nodiscard]] Result<Page<Task>> tasks(const PageParams& params) override;
  [[nodiscard]] Result<std::vector<Task>> running_tasks() override;

  [[nodiscard]] Result<std::vector<StatRow>> stats(const StatFilter& filter) override;
  [[nodiscard]] Result<std::vector<Backlog>> backlog(WallTime now) override;
  [[nodiscard]] Result<StoreGauges> gauges() override;
  [[nodiscard]] std::string_view kind() const override { return "sqlite"; }
  [[nodiscard]] Result<std::int64_t> count_open_circuits() override;
  [[nodiscard]] Result<bool> outbox_waiting() override;

  [[nodiscard]] std::uint64_t id_salt() const override { return id_salt_; }

 private:
  SqliteReader(std::string path, std::unique_ptr<Db> db, std::uint64_t id_salt)
      : path_(std::move(path)), db_(std::move(db)), id_salt_(id_salt) {}

  [[nodiscard]] Status read_due_rows(
      const DueParams& params, const std::vector<DeliveryId>& ids, DuePage& page
  );
  [[nodiscard]] Status add_secrets(std::vector<Endpoint>& endpoints);
  /// Reads a delivery with its latest attempts.
  [[nodiscard]] Result<DeliveryHistory> read_history(DeliveryId id, std::size_t attempts_max);
  /// Adds the last attempt of each delivery, and why a pending one waits.
  [[nodiscard]] Status add_details(std::vector<DeliveryView>& views);
  [[nodiscard]] Status add_waiting(DeliveryView& view);
  /// Returns the endpoints of a tenant, including deleted ones. Nothing if `tenant` is empty or has
  /// more than kMergedEndpointsMax.
  [[nodiscard]] Result<std::optional<std::vector<EndpointId>>> endpoints_to_merge(
      const std::string& tenant
  );
  /// Returns an id above the ids of all rows that were created before `until`.
  [[nodiscard]] Result<std::int64_t> id_until(std::optional<WallTime> until);

  const std::string path_;
  const std::unique_ptr<Db> db_;
  const std::uint64_t id_salt_;
  std::int64_t data_version_ = 0;  // at the last outbox_waiting(); 0 before the first
};

}  // namespace postrider::sqlite
