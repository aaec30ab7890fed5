// Where a command reads and writes: data on `out`, messages on `err`.
#pragma once

#include <cstddef>
#include <iosfwd>

#include "base/clock.h"

namespace postrider::cli {

struct Io {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool out_is_terminal = false;  ///< JSON must not hold what a terminal acts on
  bool err_is_terminal = false;  ///< progress may rewrite its line
  std::size_t width = 0;         ///< columns that a table may take; 0: nothing is cut
  const Clock* clock = nullptr;  ///< null: the machine's
};

// Exit status of every command.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

}  // namespace postrider::cli
