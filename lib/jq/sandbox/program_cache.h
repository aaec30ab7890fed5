// A cache of compiled programs by their text.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "jq/sandbox/program.h"

namespace postrider::jq {

/// Keeps the programs that were used last, also those that do not compile. Owned by one thread.
class ProgramCache {
 public:
  /// Keeps at most `programs_max` programs, but at least one, and `bytes_max` bytes of text besides
  /// the last one.
  ProgramCache(std::size_t programs_max, std::size_t bytes_max)
      : programs_max_(programs_max), bytes_max_(bytes_max) {}

  /// Valid until the next call; nullptr if the program is not cached.
  [[nodiscard]] Program* find(std::string_view text);
  /// Adds a program that find() did not find.
  Program& add(std::string_view text, Program program);
  void forget(std::string_view text);

 private:
  struct Entry {
    std::string text;
    Program program;
  };
  void make_room(std::size_t bytes);

  const std::size_t programs_max_;
  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::list<Entry> entries_;  ///< the one used last first
  /// By the text of the entry.
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_text_;
};

}  // namespace postrider::jq
