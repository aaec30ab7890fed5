// Copying a SQLite database into a schema of a PostgreSQL database.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/limits.h"

namespace postrider::copy {

enum class Phase : std::uint8_t {
  kRead,    ///< reads the source: counts, checksums, values that cannot be copied
  kCopy,    ///< copies the rows
  kVerify,  ///< reads the copied rows back
};

/// The progress of a copy. In kRead, the number of rows of a table is unknown before its end.
struct Progress {
  Phase phase = Phase::kRead;
  std::string_view table;
  std::int64_t rows = 0;
  std::int64_t rows_total = 0;
  bool table_done = false;
};
/// Called every few thousand rows, and at the end of each table of a phase.
using ShowProgress = std::function<void(const Progress& progress)>;

/// The limits of one transaction.
struct ChunkLimits {
  std::size_t rows_max = limits::kCopyRowsMax;
  std::size_t bytes_max = limits::kCopyBytesMax;  ///< a single row may have more
};

/// How a copy started.
enum class Start : std::uint8_t {
  kNew,
  kResumed,  ///< after the rows that an interrupted copy had written
  kAnew,     ///< again: the source had changed since, or rows of the copy differed
};

struct Copied {
  struct Table {
    std::string_view name;
    std::int64_t rows = 0;
  };
  Start start = Start::kNew;
  std::vector<Table> tables;
};

/// Copies all product data of the file `from` into the schema that `url` names, then compares row
/// by row what both databases return. Ids stay the same. The source is migrated to the newest
/// schema and otherwise not changed; no other process writes it meanwhile. No node uses the schema
/// until the last transaction has marked the copy as finished. After an interruption, the next call
/// continues where the last one ended. Memory use does not grow with the database.
///
/// The contexts of errors are sentences for people. No row was written after kInvalidArgument
/// (PostgreSQL cannot store a row), kNotFound (there is no source) and kConflict (the schema is not
/// empty, has a copy of another database, or has an older version). kBusy: source or schema are in
/// use and no row was written, or a producer has inserted into the outbox of the schema before the
/// copy was finished. kCorrupt: a table of the copy differs; the copy is unfinished, and the next
/// call starts it again.
[[nodiscard]] Result<Copied> copy_database(
    const std::string& from,
    const std::string& url,
    const ShowProgress& show,
    const ChunkLimits& chunk = {}
);

}  // namespace postrider::copy
