// The setup of a measurement: a service on its own database, with endpoints at a sink.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "bench/database_files.h"
#include "bench/load.h"
#include "bench/server_process.h"
#include "bench/sink.h"

namespace postrider::bench {

/// Endpoints of a throughput measurement. An event goes to one or to several of them.
inline constexpr std::size_t kEndpoints = 64;

/// The counter of deliveries that were recorded as delivered since the service started.
inline constexpr std::string_view kDeliveredMetric =
    R"(postrider_deliveries_total{state="delivered"})";

/// Returns the URL of one endpoint at the receiver on that port.
[[nodiscard]] std::string receiver_url(std::uint16_t port, std::size_t endpoint);

/// The directory, the sink and the clock of a measurement. They must outlive it.
struct Site {
  std::string directory;  ///< databases are created here
  Sink& sink;
  const Clock& clock;
};

/// Owned by one thread.
class Rig {
 public:
  /// Creates a database and starts a service on it. `flags` are flags of `serve` besides those of
  /// ServerProcess.
  [[nodiscard]] static Result<Rig> open(const Site& site, std::vector<std::string> flags = {});

  /// Adds kEndpoints endpoints, `copies` for each of the types `bench.0`, `bench.1` and so on.
  /// Returns the number of types.
  [[nodiscard]] Result<std::size_t> add_endpoints(std::size_t copies);
  /// Adds `count` endpoints at the port, each for events of type `bench.0`.
  [[nodiscard]] Status add_receivers(std::uint16_t port, std::size_t count);
  /// Emits a load. Sets the port and the key of the plan to those of the service.
  [[nodiscard]] Result<LoadReport> emit(LoadPlan plan) const;
  /// Waits until kDeliveredMetric reaches `count` and returns that time.
  [[nodiscard]] Result<MonoTime> wait_until_settled(double count);
  /// Stops the service and starts it again on its database. Returns how long it took to listen.
  [[nodiscard]] Result<Millis> restart();
  /// Stops the service and removes the database.
  [[nodiscard]] Status close();
  /// Kills the service and removes the database, without waiting for requests in flight. It is for
  /// receivers that never respond.
  void abandon();

  [[nodiscard]] ServerProcess& server() { return *server_; }
  [[nodiscard]] Sink& sink() { return site_.sink; }
  [[nodiscard]] const Clock& clock() const { return site_.clock; }
  [[nodiscard]] const Site& site() const { return site_; }
  [[nodiscard]] FileSizes database_sizes() const { return bench::database_sizes(database_); }

 private:
  Rig(std::string database, std::vector<std::string> flags, const Site& site)
      : database_(std::move(database)), flags_(std::move(flags)), site_(site) {}

  std::string database_;
  std::vector<std::string> flags_;
  Site site_;
  std::unique_ptr<ServerProcess> server_;
};

}  // namespace postrider::bench
