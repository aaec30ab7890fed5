// The reading side of a store.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/records.h"

namespace postrider {

/// Reads committed data. Implementations: store/sqlite, store/postgres. Each passes tests/contract.
///
/// Owned by one thread: every thread that reads has a reader of its own. No call writes or waits
/// for the writer. A list returns `kInvalidArgument` if its cursor is invalid.
class StoreReader {
 public:
  StoreReader() = default;
  StoreReader(const StoreReader&) = delete;
  StoreReader& operator=(const StoreReader&) = delete;
  virtual ~StoreReader() = default;

  // For the engine.

  /// Returns the earliest due deliveries of an endpoint that are unordered. The cost depends on the
  /// rows returned, not on the backlog.
  [[nodiscard]] virtual Result<DuePage> due(const DueParams& params) = 0;
  /// Returns heads of the ordering queues of an endpoint. The cost depends on the queues examined,
  /// not on their length.
  [[nodiscard]] virtual Result<OrderedPage> ordered(const OrderedParams& params) = 0;
  /// Returns up to `rows_max` endpoints with pending deliveries after `after`, in ascending order;
  /// fewer are the last. The cost depends on these endpoints, not on all endpoints or on the
  /// backlog.
  [[nodiscard]] virtual Result<std::vector<WaitingEndpoint>> waiting_endpoints(
      EndpointId after, std::size_t rows_max
  ) = 0;

  /// Returns those deliveries that are still pending, with their events, in the order of `ids`.
  [[nodiscard]] virtual Result<std::vector<PendingDelivery>> pending(std::span<const DeliveryId> ids
  ) = 0;
  /// Returns the requests that count against rate limits: those of the last period of each endpoint
  /// with a rate limit, in order.
  [[nodiscard]] virtual Result<std::vector<std::pair<EndpointId, MonoTime>>> recent_sends() = 0;

  // For the API.

  [[nodiscard]] virtual Result<Event> event(EventId id) = 0;
  /// Rows come without `data`.
  [[nodiscard]] virtual Result<Page<Event>> events(
      const EventFilter& filter, const PageParams& page
  ) = 0;
  [[nodiscard]] virtual Result<DeliveryView> delivery(DeliveryId id) = 0;
  [[nodiscard]] virtual Result<Page<DeliveryView>> deliveries(
      const DeliveryFilter& filter, const PageParams& page
  ) = 0;
  /// Returns a delivery with its attempts, read in one snapshot.
  [[nodiscard]] virtual Result<DeliveryHistory> history(DeliveryId id) = 0;
  /// Dead deliveries that are not discarded, latest death first.
  [[nodiscard]] virtual Result<Page<DeliveryView>> dead_letters(
      const DeadLetterFilter& filter, const PageParams& page
  ) = 0;
  /// Counts the dead letters that match the filter. The cost depends on their number: for dry runs
  /// and totals only.
  [[nodiscard]] virtual Result<std::int64_t> count_dead_letters(const DeadLetterFilter& filter) = 0;

  /// kNotFound also for deleted endpoints.
  [[nodiscard]] virtual Result<Endpoint> endpoint(EndpointId id) = 0;
  [[nodiscard]] virtual Result<Page<Endpoint>> endpoints(
      const EndpointFilter& filter, const PageParams& page
  ) = 0;
  /// Returns the health of the endpoints, in the order of `ids`. Counts a bounded number of
  /// deliveries of each.
  [[nodiscard]] virtual Result<std::vector<EndpointHealth>> endpoint_health(
      std::span<const EndpointId> ids
  ) = 0;
  /// Returns heads that block their ordering queue because they have failed or are due after `now`.
  /// Examines a bounded number of queues.
  [[nodiscard]] virtual Result<std::vector<Delivery>> blocked_by(
      EndpointId id, WallTime now, std::size_t rows_max
  ) = 0;
  /// All endpoints that are not deleted.
  [[nodiscard]] virtual Result<std::vector<Endpoint>> all_endpoints() = 0;

  [[nodiscard]] virtual Result<Page<ApiKey>> api_keys(const PageParams& page) = 0;
  [[nodiscard]] virtual Result<std::vector<ApiKey>> all_api_keys() = 0;
  [[nodiscard]] virtual Result<EventType> event_type(std::string_view name) = 0;
  /// By name.
  [[nodiscard]] virtual Result<Page<EventType>> event_types(const PageParams& page) = 0;
  [[nodiscard]] virtual Result<std::vector<EventType>> all_event_types() = 0;
  [[nodiscard]] virtual Result<Task> task(TaskId id) = 0;
  [[nodiscard]] virtual Result<Page<Task>> tasks(const PageParams& page) = 0;
  [[nodiscard]] virtual Result<std::vector<Task>> running_tasks() = 0;

  // For maintenance and metrics.

  /// One row per bucket with counts, oldest first; `minute` is the start of the bucket.
  [[nodiscard]] virtual Result<std::vector<StatRow>> stats(const StatFilter& filter) = 0;
  /// Counts the pending deliveries of every endpoint: one pass over the indexes of pending
  /// deliveries, for a sampled metric only.
  [[nodiscard]] virtual Result<std::vector<Backlog>> backlog(WallTime now) = 0;
  /// Counts endpoints by state and measures the database: one pass over the endpoints, for sampled
  /// metrics only.
  [[nodiscard]] virtual Result<StoreGauges> gauges() = 0;
  /// `sqlite` or `postgresql`.
  [[nodiscard]] virtual std::string_view kind() const = 0;
  /// Active endpoints with an open circuit.
  [[nodiscard]] virtual Result<std::int64_t> count_open_circuits() = 0;
  /// Whether a producer may have inserted into the outbox since the last call. Cheap.
  [[nodiscard]] virtual Result<bool> outbox_waiting() = 0;

  /// 60 bits that differ between databases; see IdCodec.
  [[nodiscard]] virtual std::uint64_t id_salt() const = 0;
};

}  // namespace postrider
