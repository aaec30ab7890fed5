// The results of statements, row by row.
#include <charconv>

#include <libpq-fe.h>

#include "store/postgres/pg_connection.h"
#include "store/rows.h"

namespace postrider::postgres {

bool Row::is_null(int column) const { return PQgetisnull(result_, number_, column) != 0; }

std::int64_t Row::i64(int column) const {
  std::uint64_t value = 0;
  const std::string_view bytes = view(column);
  if (bytes.size() > sizeof(value)) {
    report_damage("a column that holds numbers holds something else");
    return 0;
  }
  for (const char byte : bytes) value = value << 8U | static_cast<unsigned char>(byte);
  // Shorter integers have the sign in their own first bit.
  if (bytes.size() == sizeof(std::int32_t))
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
  return static_cast<std::int64_t>(value);
}

std::string_view Row::view(int column) const {
  return {
      PQgetvalue(result_, number_, column),
      static_cast<std::size_t>(PQgetlength(result_, number_, column))};
}

std::optional<std::string> Row::optional_text(int column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

std::optional<WallTime> Row::optional_time(int column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

int Rows::size() const { return PQntuples(result_.get()); }

std::int64_t Rows::changes() const {
  const std::string_view text = PQcmdTuples(result_.get());
  std::int64_t count = 0;
  static_cast<void>(std::from_chars(text.data(), text.data() + text.size(), count));  // else 0
  return count;
}

Status Rows::check() const {
  if (damage_.empty()) return {};
  return tl::unexpected<Error>(damaged_row(damage_));
}

std::string_view Rows::tag() const { return PQcmdStatus(result_.get()); }

}  // namespace postrider::postgres
