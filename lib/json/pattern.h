// Regular expressions that neither stall nor overflow the stack.
#pragma once

#include <optional>
#include <regex>
#include <string>

namespace postrider::json {

/// Compiles an ECMAScript pattern without back-references; nothing if it is not valid.
///
/// libstdc++'s usual matcher recurses once per character (64 KiB of input overflow the stack) and
/// takes exponential time for (a+)+; its polynomial one does neither.
[[nodiscard]] inline std::optional<std::regex> compile_pattern(const std::string& pattern) {
  try {
    return std::regex{pattern, std::regex::ECMAScript | std::regex_constants::__polynomial};
  } catch (const std::regex_error&) {
    return std::nullopt;
  }
}

}  // namespace postrider::json
