// The reading session.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/merged_positions.h"
#include "store/postgres/pg_connection.h"
#include "store/reader.h"

namespace postrider::postgres {

/// One snapshot of the database for several statements of a reader. It begins with the first of
/// them, in the same round trip.
class Snapshot {
 public:
  /// `db` outlives the snapshot and has nothing queued. Connects again if the session has ended.
  explicit Snapshot(Connection& db);
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  ~Snapshot();

  /// Returns the error if there is no session.
  [[nodiscard]] const Status& status() const { return status_; }

  /// Sends the queued statements and ends the snapshot, in one round trip. Returns the statements'
  /// results.
  [[nodiscard]] Result<std::vector<Rows>> end();

 private:
  Connection& db_;
  Status status_;
};

/// Owned by one thread.
class PgReader final : public StoreReader {
 public:
  [[nodiscard]] static Result<std::unique_ptr<StoreReader>> open(const std::string& url);

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
  [[nodiscard]] std::string_view kind() const override { return "postgresql"; }
  [[nodiscard]] Result<std::int64_t> count_open_circuits() override;
  [[nodiscard]] Result<bool> outbox_waiting() override;

  [[nodiscard]] std::uint64_t id_salt() const override { return id_salt_; }

 private:
  PgReader(std::unique_ptr<Connection> db, std::uint64_t id_salt)
      : db_(std::move(db)), id_salt_(id_salt) {}

  /// Returns the ids of up to `rows_max` due deliveries that the lane does not hold. Sets page.more
  /// if there is another one.
  [[nodiscard]] Result<std::vector<DeliveryId>> due_ids(const DueParams& params, DuePage& page);
  /// Reads a delivery with its latest attempts.
  [[nodiscard]] Result<DeliveryHistory> read_history(DeliveryId id, std::size_t attempts_max);
  /// Adds the last attempt of each delivery, and why a pending one waits.
  [[nodiscard]] Status add_details(std::span<DeliveryView> views);
  [[nodiscard]] Status add_waiting(std::span<DeliveryView> views);
  /// Returns the endpoints of a tenant, including deleted ones. Nothing if `tenant` is empty or has
  /// more than kMergedEndpointsMax.
  [[nodiscard]] Result<std::optional<std::vector<EndpointId>>> endpoints_to_merge(
      const std::string& tenant
  );
  /// Returns the next deliveries of a merged list.
  [[nodiscard]] Result<std::vector<DeliveryView>> take_views(
      MergedPositions& places, std::size_t rows_max
  );
  /// Returns an id above the ids of all rows that were created before `until`.
  [[nodiscard]] Result<std::int64_t> id_until(std::optional<WallTime> until);

  const std::unique_ptr<Connection> db_;
  const std::uint64_t id_salt_;
};

}  // namespace postrider::postgres
