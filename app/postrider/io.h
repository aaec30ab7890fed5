// Where a command reads and writes: data on `out`, messages on `err`.
#pragma once

#include <cstddef>
#include <iosfwd>

namespace postrider::cli {

struct Io {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool err_is_terminal = false;  ///< progress may rewrite its line
  std::size_t width = 0;         ///< of the terminal on `out`, 0 = none: nothing is cut
};

// Exit status of every command.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

}  // namespace postrider::cli
