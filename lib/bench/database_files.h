// The files of a database that a measurement makes.
#pragma once

#include <cstdint>
#include <string>

namespace postrider::bench {

/// Removes the database with what lies beside it; what is not there is no failure.
void remove_database(const std::string& database);

/// Database and log.
[[nodiscard]] std::int64_t database_bytes(const std::string& database);

}  // namespace postrider::bench
