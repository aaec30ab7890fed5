#include "store/sqlite/check.h"

#include <array>

#include "store/sqlite/database_file.h"
#include "store/sqlite/sql_check.h"

namespace postrider::sqlite {
namespace {

constexpr std::array kQueries{
    sql::kIntegrityCheck,
    sql::kForeignKeyCheck,
    sql::kCheckDeliveries,
    sql::kCheckAttempts,
    sql::kCheckIds};

}  // namespace

Result<std::vector<std::string>> check(const std::string& path) {
  auto db = open_readable(path);
  if (!db) return tl::unexpected<Error>(db.error());
  const Snapshot snapshot(**db);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  std::vector<std::string> findings;
  for (const auto query : kQueries) {
    auto lines = (*db)->all(query, [](const Row& row) { return row.text(0); });
    if (!lines && lines.error().code != Errc::kCorrupt) return tl::unexpected<Error>(lines.error());
    // A query that fails because the file is damaged is a finding too.
    if (!lines) lines = std::vector<std::string>{lines.error().context};
    for (auto& line : *lines) {
      if (line != "ok") findings.push_back(std::move(line));
    }
  }
  return findings;
}

}  // namespace postrider::sqlite
