// The streams of a command: data is written to `out`, messages to `err`.
#pragma once

#include <cstddef>
#include <iosfwd>

#include "base/clock.h"

namespace postrider::cli {

struct Io {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool out_is_terminal = false;  ///< control characters in JSON are escaped
  bool err_is_terminal = false;  ///< progress may overwrite its line
  std::size_t width = 0;         ///< maximum columns of a table; 0: nothing is cut
  const Clock* clock = nullptr;  ///< null: SystemClock
};

// Exit status of every command.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

}  // namespace postrider::cli
