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

/// Reads what is committed. Implementations: store/sqlite, store/postgres. Each passes
/// tests/contract.
///
/// Owned by one thread: every thread that reads has a reader of its own. No call writes, none waits
/// for the writer. `kInvalidArgument` from a list means that its cursor is no cursor.
class StoreReader {
 public:
  StoreReader() = default;
  StoreReader(const StoreReader&) = delete;
  StoreReader& operator=(const StoreReader&) = delete;
  virtual ~StoreReader() = default;

  // For the engine.

  /// The earliest pending deliveries of one endpoint that are due and wait in no line. Costs by the
  /// rows taken, not by the backlog.
  [[nodiscard]] virtual Result<DuePage> due(const DueParams& params) = 0;
  /// The heads of lines of one endpoint. Costs by the lines looked at, not by what waits in them.
  [[nodiscard]] virtual Result<OrderedPage> ordered(const OrderedParams& params) = 0;
  /// Endpoints with pending deliveries, `rows_max` of those behind `after`, in order: fewer are the
  /// last. Costs by these endpoints, not by all that there are, nor by what waits for them.
  [[nodiscard]] virtual Result<std::vector<WaitingEndpoint>> waiting_endpoints(
      EndpointId after, std::size_t rows_max
  ) = 0;

  /// Those of the deliveries that are pending, with their events, in the order given.
  [[nodiscard]] virtual Result<std::vector<PendingDelivery>> pending(std::span<const DeliveryId> ids
  ) = 0;
  /// What counts against rate limits: the requests of the last period of each endpoint that has
  /// one, in order.
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
  /// Of one moment: the state is what these attempts made of it.
  [[nodiscard]] virtual Result<DeliveryHistory> history(DeliveryId id) = 0;
  /// Dead and not discarded, latest death first.
  [[nodiscard]] virtual Result<Page<DeliveryView>> dead_letters(
      const DeadLetterFilter& filter, const PageParams& page
  ) = 0;
  /// How many dead letters the filter matches: costs by their number, for dry runs and totals only.
  [[nodiscard]] virtual Result<std::int64_t> count_dead_letters(const DeadLetterFilter& filter) = 0;

  /// kNotFound for deleted ones too.
  [[nodiscard]] virtual Result<Endpoint> endpoint(EndpointId id) = 0;
  [[nodiscard]] virtual Result<Page<Endpoint>> endpoints(
      const EndpointFilter& filter, const PageParams& page
  ) = 0;
  /// The health of each of the endpoints, in the order given. Counts a bounded number of deliveries
  /// of each.
  [[nodiscard]] virtual Result<std::vector<EndpointHealth>> endpoint_health(
      std::span<const EndpointId> ids
  ) = 0;
  /// Heads that keep others of their line waiting: they have failed, or are due later than `now`.
  /// Looks at a bounded number of lines.
  [[nodiscard]] virtual Result<std::vector<Delivery>> blocked_by(
      EndpointId id, WallTime now, std::size_t rows_max
  ) = 0;
  /// All that are not deleted, for routing and lanes.
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

  /// One row per bucket that holds something, oldest first; `minute` is the bucket's start.
  [[nodiscard]] virtual Result<std::vector<StatRow>> stats(const StatFilter& filter) = 0;
  /// Counts the pending deliveries of every endpoint: one pass over the indexes of what is pending,
  /// for a sampled metric only.
  [[nodiscard]] virtual Result<std::vector<Backlog>> backlog(WallTime now) = 0;
  /// Counts endpoints by state and measures the database: one pass over the endpoints, for sampled
  /// metrics only.
  [[nodiscard]] virtual Result<StoreGauges> gauges() = 0;
  /// `sqlite` or `postgresql`.
  [[nodiscard]] virtual std::string_view kind() const = 0;
  /// Active endpoints with an open circuit.
  [[nodiscard]] virtual Result<std::int64_t> count_open_circuits() = 0;
  /// Whether somebody else than the writer may have inserted into the outbox since the last call:
  /// cheap.
  [[nodiscard]] virtual Result<bool> outbox_waiting() = 0;

  /// The database's own 60 bits; see IdCodec.
  [[nodiscard]] virtual std::uint64_t id_salt() const = 0;
};

}  // namespace postrider
