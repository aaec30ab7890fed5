// The value of --db: a database file or the URL of a PostgreSQL database.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace postrider::cli {

/// Whether `db` names a database of a PostgreSQL server, not a file.
[[nodiscard]] bool is_postgres_url(std::string_view db);

/// kInvalidArgument when `db` is neither the name of a file nor a PostgreSQL URL that libpq reads
/// as it was meant. The reason never quotes `db`, which may hold a password.
[[nodiscard]] Status check_database_address(std::string_view db);

/// Whether `db` is a URL that holds a password.
[[nodiscard]] bool has_password(std::string_view db);

/// The file, or the URL without its password and its settings: for messages and the log.
[[nodiscard]] std::string shown_database(std::string_view db);

}  // namespace postrider::cli
