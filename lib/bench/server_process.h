// The service as users start it: a process of its own, spoken to through its API alone.
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

/// `postrider serve` of this same program on a database. Owned by one thread.
class ServerProcess {
 public:
  /// Returns when it listens. Deliveries to loopback are allowed. `flags`: more of `serve`.
  [[nodiscard]] static Result<std::unique_ptr<ServerProcess>> start(
      const std::string& database, const std::vector<std::string>& flags
  );
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& key() const { return key_; }

  /// The body of a 2xx answer.
  [[nodiscard]] Result<std::string> call(
      std::string_view method, std::string_view path, std::string body = {}
  );
  /// Adds an endpoint that gets events of one type; returns its id.
  [[nodiscard]] Result<std::string> add_endpoint(std::string_view url, std::string_view event_type);
  /// The value of a metric with its labels, as /metrics writes it; 0 when it is not there.
  [[nodiscard]] Result<double> metric(std::string_view name);
  /// Resident memory, and processor time used so far.
  [[nodiscard]] std::int64_t memory_bytes() const;
  [[nodiscard]] double cpu_seconds() const;
  /// Open file descriptors.
  [[nodiscard]] std::size_t descriptors() const;

  /// Ends it at once. Idempotent; so does the destructor.
  void kill();
  /// Ends it in good order.
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
