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
  kRead,    ///< the source is read through: counts, checksums, what cannot be copied
  kCopy,    ///< rows go over
  kVerify,  ///< what has gone over is read back
};

/// Where a copy is. Of kRead the number of rows is not known before the end of a table.
struct Progress {
  Phase phase = Phase::kRead;
  std::string_view table;
  std::int64_t rows = 0;
  std::int64_t rows_total = 0;
  bool table_done = false;
};
/// Called every few thousand rows, and at the end of each table of a phase.
using ShowProgress = std::function<void(const Progress& progress)>;

/// Of one transaction.
struct ChunkLimits {
  std::size_t rows_max = limits::kCopyRowsMax;
  std::size_t bytes_max = limits::kCopyBytesMax;  ///< a row of its own may have more
};

/// How a copy went on from what was there.
enum class Start : std::uint8_t {
  kNew,
  kResumed,  ///< behind what an interrupted one had copied
  kAnew,     ///< the source had changed since, or rows of the copy had turned out to differ
};

struct Copied {
  struct Table {
    std::string_view name;
    std::int64_t rows = 0;
  };
  Start start = Start::kNew;
  std::vector<Table> tables;
};

/// Copies all product data of the file `from` into the schema that `url` names, and compares what
/// both databases return, row by row. Ids stay; the source is brought to the newest schema and else
/// left as it is; nobody else writes either of them meanwhile. Until the last transaction has
/// marked the copy as finished no node takes the schema; calling this again after any interruption
/// goes on where it was. Memory does not grow with the database.
///
/// Errors have sentences for people. No row is written with kInvalidArgument (a row that
/// PostgreSQL cannot hold), kNotFound (no source), kBusy (source or schema are in use) and
/// kConflict (the schema is not empty, holds a copy of another database, or is of an older
/// version). kCorrupt: a table of the copy differs; it stays unfinished and begins anew with the
/// next call.
[[nodiscard]] Result<Copied> copy_database(
    const std::string& from,
    const std::string& url,
    const ShowProgress& show,
    const ChunkLimits& chunk = {}
);

}  // namespace postrider::copy
