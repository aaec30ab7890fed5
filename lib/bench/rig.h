// A service on a database of its own, with endpoints at a sink: what every measurement works on.
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

/// Endpoints of a measurement of throughput: one event goes to one of them, or to several.
inline constexpr std::size_t kEndpoints = 64;

/// The counter of deliveries that were recorded as delivered, since the service started.
inline constexpr std::string_view kDeliveredMetric =
    R"(postrider_deliveries_total{state="delivered"})";

/// The address of one endpoint at the receiver on that port.
[[nodiscard]] std::string receiver_url(std::uint16_t port, std::size_t endpoint);

/// Where and with what is measured. All of it outlives the measurement.
struct Site {
  std::string directory;  ///< databases are made here
  Sink& sink;
  const Clock& clock;
};

/// Owned by one thread.
class Rig {
 public:
  /// A new database at the site. `flags` of `serve`, besides those of ServerProcess.
  [[nodiscard]] static Result<Rig> open(const Site& site, std::vector<std::string> flags = {});

  /// kEndpoints endpoints, `copies` for each of the types `bench.0`, `bench.1` and so on. Returns
  /// the number of types.
  [[nodiscard]] Result<std::size_t> add_endpoints(std::size_t copies);
  /// `count` endpoints at the port, each for events of type `bench.0`.
  [[nodiscard]] Status add_receivers(std::uint16_t port, std::size_t count);
  /// The service's port and key filled in.
  [[nodiscard]] Result<LoadReport> emit(LoadPlan plan) const;
  /// When kDeliveredMetric has come to `count`.
  [[nodiscard]] Result<MonoTime> wait_until_settled(double count);
  /// Ends the service and starts it again on its database. Returns how long it took to listen.
  [[nodiscard]] Result<Millis> restart();
  /// Ends the service and removes the database.
  [[nodiscard]] Status close();
  /// The same without waiting for requests in flight, as when receivers hang.
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
