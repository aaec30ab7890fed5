// Compiled programs by their text.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "jq/sandbox/program.h"

namespace postrider::jq {

/// Keeps what was used last, programs that do not compile included. Owned by one thread.
class ProgramCache {
 public:
  /// At most `programs_max` programs, one at least, and `bytes_max` bytes of text beside the last.
  ProgramCache(std::size_t programs_max, std::size_t bytes_max)
      : programs_max_(programs_max), bytes_max_(bytes_max) {}

  /// Until the next call; nullptr when it is not kept.
  [[nodiscard]] Program* find(std::string_view text);
  /// Adds what find() did not find.
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
