// Reads endpoints, for the store and for readers.
#pragma once

#include <vector>

#include "domain/endpoint.h"
#include "store/postgres/pg_connection.h"

namespace postrider::postgres {

/// The column of the version, which follows the columns that both databases have.
inline constexpr int kVersionColumn = 14;

/// Reads an endpoint without its secrets. kCorrupt if its config cannot be read.
[[nodiscard]] Result<Endpoint> read_versioned_endpoint(const Row& row);
/// Reads the endpoints that a statement has returned, without their secrets. kCorrupt if a config
/// cannot be read.
[[nodiscard]] Result<std::vector<Endpoint>> read_endpoints(const Result<Rows>& rows);
[[nodiscard]] Status add_secrets(Connection& db, std::vector<Endpoint>& endpoints);

}  // namespace postrider::postgres
