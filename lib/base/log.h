// The log writes one line per event, with fields. docs/guides/log.md lists the lines.
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/clock.h"
#include "base/error.h"

namespace postrider::log {

enum class Format { kText, kJson };
enum class Level { kDebug, kInfo, kWarning, kError };

/// One `key=value` of a line. A field never contains a secret, a payload, a query string or a URL,
/// because URLs of endpoints may contain secrets. JSON shows numbers as numbers. A field without a
/// value is omitted.
struct Field {
  using Value = std::variant<std::monostate, std::string, std::int64_t, double, bool>;

  Field(std::string_view name, std::string text) : key(name), value(std::move(text)) {}
  Field(std::string_view name, std::string_view text) : key(name), value(std::string{text}) {}
  Field(std::string_view name, const char* text) : key(name), value(std::string{text}) {}
  Field(std::string_view name, double number) : key(name), value(number) {}
  Field(std::string_view name, Millis time) : key(name), value(std::int64_t{time.count()}) {}
  template <std::integral Number>
  Field(std::string_view name, Number number) : key(name) {
    if constexpr (std::same_as<Number, bool>) {
      value = number;
    } else {
      value = static_cast<std::int64_t>(number);
    }
  }
  template <class Some>
  Field(std::string_view name, const std::optional<Some>& some) : key(name) {
    if (some) *this = Field(name, *some);
  }

  std::string_view key;
  Value value;
};
using Fields = std::initializer_list<Field>;

struct Settings {
  Format format = Format::kText;
  Level level = Level::kInfo;
  int fd = 2;
};

/// While a session exists, its own thread writes the lines to the descriptor from a bounded queue,
/// so no other thread waits for a slow reader. When the queue is full the oldest lines are dropped,
/// and a later line reports how many. Without a session, warnings and errors are written to
/// standard error at once. There is at most one session at a time. All threads that log end before
/// it, and signals are blocked before it is made.
class Session {
 public:
  /// `clock` must outlive the session.
  Session(const Settings& settings, const Clock& clock);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  /// Reports suppressed lines and writes the queue. Gives up after one second when nothing reads
  /// the descriptor.
  ~Session();

 private:
  class Impl;
  friend void write(Level, std::string_view, Fields, std::string_view);
  [[nodiscard]] static std::atomic<Impl*>& current();

  const std::unique_ptr<Impl> impl_;
};

[[nodiscard]] Result<Format> parse_format(std::string_view text);
[[nodiscard]] Result<Level> parse_level(std::string_view text);

/// Whether lines of this level are written. Callers ask before they compute costly fields.
[[nodiscard]] bool enabled(Level level) noexcept;

/// Lines that this thread writes within the scope carry `request_id`.
class RequestScope {
 public:
  /// `id` must outlive the scope. With an empty id the field is omitted.
  explicit RequestScope(std::string_view id) noexcept;
  RequestScope(const RequestScope&) = delete;
  RequestScope& operator=(const RequestScope&) = delete;
  ~RequestScope();

 private:
  const std::string_view outer_;
};

/// Writes a line. Thread-safe. The message is a constant; variable parts are fields. Above debug,
/// repeated lines are limited by message and subject: see LineLimiter.
void write(
    Level level, std::string_view message, Fields fields = {}, std::string_view subject = {}
);

inline void debug(std::string_view message, Fields fields = {}) {
  write(Level::kDebug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}, std::string_view subject = {}) {
  write(Level::kInfo, message, fields, subject);
}
inline void warning(std::string_view message, Fields fields = {}, std::string_view subject = {}) {
  write(Level::kWarning, message, fields, subject);
}
inline void error(std::string_view message, Fields fields = {}, std::string_view subject = {}) {
  write(Level::kError, message, fields, subject);
}

}  // namespace postrider::log
