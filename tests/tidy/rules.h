// The table of what must not stand in code, and where it may.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace postrider::tidy {

/// A piece of code that is banned outside of the folders (or files) that begin with one of
/// `allowed`. Where it begins with a letter it is matched from the beginning of a word.
struct BannedCode {
  std::string_view code;
  std::string_view instead;
  std::array<std::string_view, 3> allowed{};  ///< unused ones are empty
};

[[nodiscard]] std::span<const BannedCode> banned_code();

/// A lower-case word that comments and documents avoid.
struct WordToAvoid {
  std::string_view word;
  std::string_view instead;
};

[[nodiscard]] std::span<const WordToAvoid> words_to_avoid();

}  // namespace postrider::tidy
