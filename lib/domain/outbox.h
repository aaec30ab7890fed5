// The SQL outbox: rows that producers insert in their own transactions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace postrider {

/// A row as the producer inserted it: nothing is validated, and any member may be missing.
struct OutboxRow {
  std::int64_t id = 0;
  std::optional<std::string> type;
  std::optional<std::string> data;
  std::optional<std::string> tenant;
  std::optional<std::string> channels;  ///< JSON text
  std::optional<std::string> metadata;  ///< JSON text
  std::optional<std::string> ordering_key;
  std::optional<std::string> deliver_at;
  std::optional<std::string> expires_at;
  std::optional<std::string> idempotency_key;
  std::optional<std::string> traceparent;
};

}  // namespace postrider
