// The log: one line per fact, with fields. Wraps spdlog.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/error.h"

namespace postrider::log {

enum class Format { kText, kJson };
enum class Level { kDebug, kInfo, kWarning, kError };

/// One `key=value` of a line. Never a secret, a payload or a URL that may carry one.
struct Field {
  std::string_view key;
  std::string value;
};
using Fields = std::initializer_list<Field>;

/// Sets where the process logs (stderr) and how. Called once by the composition root, before
/// threads start.
void init(Format format, Level level);

[[nodiscard]] Result<Format> parse_format(std::string_view text);
[[nodiscard]] Result<Level> parse_level(std::string_view text);

/// Thread-safe.
void write(Level level, std::string_view message, Fields fields = {});

inline void debug(std::string_view message, Fields fields = {}) {
  write(Level::kDebug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}) {
  write(Level::kInfo, message, fields);
}
inline void warning(std::string_view message, Fields fields = {}) {
  write(Level::kWarning, message, fields);
}
inline void error(std::string_view message, Fields fields = {}) {
  write(Level::kError, message, fields);
}

}  // namespace postrider::log
