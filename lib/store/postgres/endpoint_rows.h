// Endpoints as both sessions of a node read them.
#pragma once

#include <vector>

#include "domain/endpoint.h"
#include "store/postgres/pg_connection.h"

namespace postrider::postgres {

/// Behind the columns that both stores have.
inline constexpr int kVersionColumn = 14;

/// Without secrets. kCorrupt when the config cannot be read.
[[nodiscard]] Result<Endpoint> read_versioned_endpoint(const Row& row);
/// What a statement gave, without secrets. kCorrupt when a config cannot be read.
[[nodiscard]] Result<std::vector<Endpoint>> read_endpoints(const Result<Rows>& rows);
[[nodiscard]] Status add_secrets(Connection& db, std::vector<Endpoint>& endpoints);

}  // namespace postrider::postgres
