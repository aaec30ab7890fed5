// Keeps repeated log lines from flooding the log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace postrider::log {

/// Counts log lines by message and, within a message, by subject (for example an endpoint). The
/// window of a message begins with its first line. Within the window each subject may write a few
/// lines and the message a larger number; further lines are counted and reported when the window
/// ends. The caller passes the time. Not thread-safe.
class LineLimiter {
 public:
  struct Options {
    int lines_per_subject_max = 10;
    int lines_per_message_max = 200;
    Millis window{60'000};
    /// Messages beyond this number share one window.
    std::size_t messages_max = 256;
  };
  /// The lines of one window that were not written.
  struct Suppressed {
    std::string message;
    int level = 0;  ///< level of the last suppressed line
    std::int64_t count = 0;
    Millis window{0};  ///< from the first line of the window to the report
  };

  explicit LineLimiter(const Options& options) : options_(options) {}

  /// Whether the line may be written. Call take_ended() first, because windows that have ended
  /// still count here.
  [[nodiscard]] bool admit(
      int level, std::string_view message, std::string_view subject, MonoTime now
  );

  /// Forgets the windows that have ended, and returns those that suppressed lines.
  [[nodiscard]] std::vector<Suppressed> take_ended(MonoTime now);
  /// Forgets all windows, and returns those that suppressed lines.
  [[nodiscard]] std::vector<Suppressed> take_all(MonoTime now);

  /// Whether a window has suppressed lines that are not reported yet.
  [[nodiscard]] bool has_suppressed() const { return suppressed_windows_ > 0; }

 private:
  struct Window {
    MonoTime begun_at;
    int level = 0;
    int written = 0;
    std::int64_t suppressed = 0;
    std::map<std::string, int, std::less<>> written_by_subject;  ///< at most `written` entries
  };

  [[nodiscard]] Window& window_of(std::string_view message, MonoTime now);

  const Options options_;
  std::map<std::string, Window, std::less<>> windows_;
  std::size_t suppressed_windows_ = 0;
  /// No window ends before this time.
  MonoTime first_end_ = MonoTime::max();
};

}  // namespace postrider::log
