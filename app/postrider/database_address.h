// The value of --db: a database file or the URL of a PostgreSQL database.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace postrider::cli {

/// Whether `db` is the URL of a PostgreSQL database and not a file.
[[nodiscard]] bool is_postgres_url(std::string_view db);

/// Fails with kInvalidArgument when `db` is neither a file name nor a PostgreSQL URL that libpq
/// reads as intended. The reason never quotes `db`, which may contain a password.
[[nodiscard]] Status check_database_address(std::string_view db);

/// Whether `db` is a URL that contains a password.
[[nodiscard]] bool has_password(std::string_view db);

/// Returns the file, or the URL without its password and its settings, for messages and the log.
[[nodiscard]] std::string shown_database(std::string_view db);

}  // namespace postrider::cli
