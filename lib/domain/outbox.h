// A row of the table that producers write into by themselves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace postrider {

/// A row of `outbox` as it was found: nothing in it has been checked. NULL is nullopt.
struct OutboxRow {
  std::int64_t id = 0;
  std::optional<std::string> type;
  std::optional<std::string> data;  ///< JSON text
  std::optional<std::string> tenant;
  std::optional<std::string> channels;  ///< a JSON array of strings
  std::optional<std::string> metadata;  ///< a JSON object
  std::optional<std::string> ordering_key;
  std::optional<std::string> deliver_at;  ///< RFC 3339
  std::optional<std::string> expires_at;  ///< RFC 3339
  std::optional<std::string> idempotency_key;
  std::optional<std::string> traceparent;
};

}  // namespace postrider
