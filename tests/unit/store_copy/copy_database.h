// A database that is copied, and the one that it is copied to.
#pragma once

#include <string>
#include <vector>

#include "store/copied_tables.h"
#include "store/copy/copy.h"

#include "tests/support/pg_database.h"
#include "tests/support/raw_db.h"
#include "tests/support/temp_dir.h"

namespace postrider::testing {

/// In every table but meta, which has more.
inline constexpr int kRowsOfSource = 3;

/// SQL that fills every table with kRowsOfSource rows of all sorts of values.
[[nodiscard]] std::string fill_sql();

/// A row per transaction.
inline constexpr copy::ChunkLimits kRowByRow{.rows_max = 1};

/// A filled SQLite database, and a database of PostgreSQL.
class CopyDatabases {
 public:
  explicit CopyDatabases(PgContent content = PgContent::kMigrated);

  [[nodiscard]] const std::string& from() const { return from_; }
  [[nodiscard]] const std::string& to() const { return target_.url(); }
  [[nodiscard]] std::string file(const std::string& name) const { return directory_.file(name); }
  [[nodiscard]] RawDb source() const { return RawDb(from_); }
  [[nodiscard]] RawPg target() const { return RawPg(to()); }

  [[nodiscard]] Result<copy::Copied> copy(
      const copy::ShowProgress& show = {}, const copy::ChunkLimits& chunk = {}
  ) const {
    return copy::copy_database(from(), to(), show, chunk);
  }

  /// Every value of every table is the same, as other clients see them.
  void expect_equal() const;
  /// A node takes the schema.
  void expect_finished() const;
  /// No node takes it.
  void expect_unfinished() const;
  /// Every table of the schema as text.
  [[nodiscard]] std::string target_content() const;

 private:
  const TempDir directory_;
  const std::string from_ = directory_.file("postrider.db");
  const PgDatabase target_;
};

/// The error of a copy that must fail.
[[nodiscard]] Error failure(const Result<copy::Copied>& copied);

}  // namespace postrider::testing
