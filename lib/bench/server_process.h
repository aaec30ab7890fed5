// The service as users run it: a separate process that is used only through its API.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/error.h"
#include "http/client.h"
#include "http/socket.h"

namespace postrider::bench {

/// Runs `postrider serve` of this program on a database. Owned by one thread.
class ServerProcess {
 public:
  /// Returns when the service listens. Deliveries to loopback are allowed. `flags` are further
  /// flags of `serve`.
  [[nodiscard]] static Result<std::unique_ptr<ServerProcess>> start(
      const std::string& database, const std::vector<std::string>& flags
  );
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& key() const { return key_; }

  /// Sends a request and returns the body of a 2xx response.
  [[nodiscard]] Result<std::string> call(
      std::string_view method, std::string_view path, std::string body = {}
  );
  /// Adds an endpoint for events of one type; returns its id.
  [[nodiscard]] Result<std::string> add_endpoint(std::string_view url, std::string_view event_type);
  /// Returns the value of a metric with its labels, named as in /metrics; 0 when it is missing.
  [[nodiscard]] Result<double> metric(std::string_view name);
  /// Resident memory, and processor time used since the start.
  [[nodiscard]] std::int64_t memory_bytes() const;
  [[nodiscard]] double cpu_seconds() const;
  /// Number of open file descriptors.
  [[nodiscard]] std::size_t descriptors() const;

  /// Kills the process. Idempotent; the destructor calls it, too.
  void kill();
  /// Stops the service gracefully.
  [[nodiscard]] Status stop();

 private:
  ServerProcess(pid_t pid, std::string key) : pid_(pid), key_(std::move(key)) {}
  [[nodiscard]] Status wait_for_address();

  pid_t pid_;
  const std::string key_;
  std::uint16_t port_ = 0;
  Fd output_;
  std::unique_ptr<http::HttpClient> client_;
};

}  // namespace postrider::bench
