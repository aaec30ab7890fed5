#include "base/log.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <deque>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/line_limiter.h"
#include "base/mutex.h"

namespace postrider::log {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warning", "error"};
/// A longer text in a field is truncated.
constexpr std::size_t kTextBytesMax = 1024;
constexpr std::size_t kQueueBytesMax = 1U << 20U;
/// How often the thread checks whether windows have ended and whether it has to stop.
constexpr Millis kTick{200};
constexpr Millis kStopPatience{1000};

std::string_view name_of(int level) { return kLevelNames[static_cast<std::size_t>(level)]; }

std::string json_text(std::string_view text, bool ascii_only = false) {
  std::string cut{text.substr(0, kTextBytesMax)};
  if (cut.size() < text.size()) cut += "...";
  return nlohmann::json(std::move(cut))
      .dump(-1, ' ', ascii_only, nlohmann::json::error_handler_t::replace);
}

/// Whether the UTF-8 text contains characters that change how a terminal shows the text after them:
/// DEL, C1 controls, or marks of the writing direction.
bool has_invisible_controls(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto at = [&](std::size_t n) {
      return i + n < text.size() ? static_cast<unsigned char>(text[i + n]) : 0U;
    };
    if (at(0) == 0x7f) return true;
    if (at(0) == 0xc2 && at(1) >= 0x80 && at(1) < 0xa0) return true;
    if (at(0) != 0xe2) continue;
    if (at(1) == 0x80 && (at(2) == 0x8e || at(2) == 0x8f || (at(2) >= 0xa8 && at(2) <= 0xae)))
      return true;
    if (at(1) == 0x81 && at(2) >= 0xa6 && at(2) <= 0xa9) return true;
  }
  return false;
}

std::string plain_text(std::string_view text) {
  const bool is_plain = !text.empty() && text.size() <= kTextBytesMax &&
                        std::all_of(text.begin(), text.end(), [](char c) {
                          return c > ' ' && c <= '~' && c != '"' && c != '\\' && c != '=';
                        });
  return is_plain ? std::string{text} : json_text(text, has_invisible_controls(text));
}

std::string value_text(const Field& field, Format format) {
  struct Visitor {
    Format format;
    std::string operator()(std::monostate /*none*/) const { return {}; }
    std::string operator()(const std::string& text) const {
      return format == Format::kJson ? json_text(text) : plain_text(text);
    }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(double number) const { return nlohmann::json(number).dump(); }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
  };
  return std::visit(Visitor{format}, field.value);
}

void append_field(std::string& line, const Field& field, Format format) {
  if (std::holds_alternative<std::monostate>(field.value)) return;
  if (format == Format::kJson) {
    line.append(",").append(json_text(field.key)).append(":");
  } else {
    line.append(" ").append(field.key).append("=");
  }
  line += value_text(field, format);
}

/// The id of the request that this thread handles; empty when it handles none.
std::string_view& request_id_of_thread() {
  thread_local std::string_view id;  // tidy: mutable-static (a thread's own)
  return id;
}

std::string render(
    Format format, WallTime now, std::string_view level, std::string_view message, Fields fields
) {
  const std::string time = to_rfc3339(now);
  std::string line =
      format == Format::kJson
          ? fmt::format(
                R"({{"time":"{}","level":"{}","message":{})", time, level, json_text(message)
            )
          : fmt::format("{} {} {}", time, level, message);
  for (const auto& field : fields) append_field(line, field, format);
  if (const auto id = request_id_of_thread(); !id.empty())
    append_field(line, {"request_id", id}, format);
  line += format == Format::kJson ? "}\n" : "\n";
  return line;
}

/// The minimum level. Every thread checks it before it formats a line.
std::atomic<Level>& least_level() {
  static std::atomic<Level> level{Level::kWarning};  // tidy: mutable-static (set by the session)
  return level;
}

}  // namespace

class Session::Impl {
 public:
  Impl(const Settings& settings, const Clock& clock)
      : settings_(settings), clock_(clock), limiter_(LineLimiter::Options{}) {
    thread_ = std::jthread([this] { run(); });
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    {
      const MutexLock lock(mutex_);
      report(limiter_.take_all(clock_.mono_now()));
      stop_by_ = clock_.mono_now() + kStopPatience;
    }
    ready_.notify_one();
    thread_.join();
  }

  void write(Level level, std::string_view message, Fields fields, std::string_view subject) {
    const int number = static_cast<int>(level);
    if (level > Level::kDebug) {
      const MutexLock lock(mutex_);
      const MonoTime now = clock_.mono_now();
      report(limiter_.take_ended(now));
      if (!limiter_.admit(number, message, subject, now)) {
        if (!ticks_) ready_.notify_one();
        return;
      }
    }
    std::string line =
        render(settings_.format, clock_.wall_now(), name_of(number), message, fields);
    const MutexLock lock(mutex_);
    enqueue(std::move(line));
  }

 private:
  void enqueue(std::string line) POSTRIDER_REQUIRES(mutex_) {
    queued_bytes_ += line.size();
    queue_.push_back(std::move(line));
    while (queued_bytes_ > kQueueBytesMax) {
      queued_bytes_ -= queue_.front().size();
      queue_.pop_front();
      ++dropped_;
    }
    ready_.notify_one();
  }

  void report(const std::vector<LineLimiter::Suppressed>& ended) POSTRIDER_REQUIRES(mutex_) {
    for (const auto& one : ended) {
      const auto seconds = std::chrono::ceil<std::chrono::seconds>(one.window).count();
      enqueue(render(
          settings_.format,
          clock_.wall_now(),
          name_of(one.level),
          "repeated lines suppressed",
          {{"line", one.message}, {"count", one.count}, {"seconds", seconds}}
      ));
    }
  }

  void run() noexcept {
    while (auto line = next_line()) write_out(*line);
  }

  /// Waits for a line. Returns nullopt when the session ends and the queue is empty.
  std::optional<std::string> next_line() {
    const MutexLock lock(mutex_);
    while (queue_.empty()) {
      if (stop_by_) return std::nullopt;
      report(limiter_.take_ended(clock_.mono_now()));
      if (!queue_.empty()) break;
      ticks_ = limiter_.has_suppressed();
      if (ticks_) {
        static_cast<void>(ready_.wait_for(mutex_, kTick));
      } else {
        ready_.wait(mutex_);
      }
    }
    if (const auto dropped = std::exchange(dropped_, 0); dropped > 0) {
      return render(
          settings_.format,
          clock_.wall_now(),
          name_of(static_cast<int>(Level::kWarning)),
          "log lines dropped",
          {{"count", dropped}}
      );
    }
    std::string line = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= line.size();
    return line;
  }

  void write_out(std::string_view line) {
    while (!line.empty() && wait_writable()) {
      // After poll() reports the descriptor writable, a write of PIPE_BUF bytes does not block.
      const auto written =
          ::write(settings_.fd, line.data(), std::min<std::size_t>(line.size(), PIPE_BUF));
      if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (written < 0) return;  // The reader has closed its end.
      line.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  /// Waits until the descriptor is writable. Returns false, and drops the queue, when the session
  /// ends and the reader does not read.
  bool wait_writable() {
    pollfd target{.fd = settings_.fd, .events = POLLOUT, .revents = 0};
    while (true) {
      const int found = ::poll(&target, 1, static_cast<int>(kTick.count()));
      if (found > 0) return true;
      const MutexLock lock(mutex_);
      if (!stop_by_ || clock_.mono_now() < *stop_by_) continue;
      queue_.clear();
      return false;
    }
  }

  const Settings settings_;
  const Clock& clock_;

  Mutex mutex_;
  CondVar ready_;
  LineLimiter limiter_ POSTRIDER_GUARDED_BY(mutex_);
  std::deque<std::string> queue_ POSTRIDER_GUARDED_BY(mutex_);
  std::size_t queued_bytes_ POSTRIDER_GUARDED_BY(mutex_) = 0;
  std::int64_t dropped_ POSTRIDER_GUARDED_BY(mutex_) = 0;
  bool ticks_ POSTRIDER_GUARDED_BY(mutex_) = false;
  std::optional<MonoTime> stop_by_ POSTRIDER_GUARDED_BY(mutex_);

  std::jthread thread_;
};

std::atomic<Session::Impl*>& Session::current() {
  static std::atomic<Impl*> session{nullptr};  // tidy: mutable-static (set by the session)
  return session;
}

Session::Session(const Settings& settings, const Clock& clock)
    : impl_(std::make_unique<Impl>(settings, clock)) {
  POSTRIDER_ASSERT(current().exchange(impl_.get()) == nullptr);
  least_level() = settings.level;
}

Session::~Session() {
  current() = nullptr;
  least_level() = Level::kWarning;
}

Result<Format> parse_format(std::string_view text) {
  if (text == "text") return Format::kText;
  if (text == "json") return Format::kJson;
  return fail(Errc::kInvalidArgument, "log format must be text or json");
}

Result<Level> parse_level(std::string_view text) {
  const auto found = std::find(kLevelNames.begin(), kLevelNames.end(), text);
  if (found != kLevelNames.end()) return static_cast<Level>(found - kLevelNames.begin());
  return fail(Errc::kInvalidArgument, "log level must be debug, info, warning or error");
}

bool enabled(Level level) noexcept {
  return level >= least_level().load(std::memory_order_relaxed);
}

RequestScope::RequestScope(std::string_view id) noexcept
    : outer_(std::exchange(request_id_of_thread(), id)) {}

RequestScope::~RequestScope() { request_id_of_thread() = outer_; }

void write(Level level, std::string_view message, Fields fields, std::string_view subject) {
  if (!enabled(level)) return;
  if (Session::Impl* const session = Session::current().load(); session != nullptr)
    return session->write(level, message, fields, subject);
  const SystemClock clock;
  const std::string line =
      render(Format::kText, clock.wall_now(), name_of(static_cast<int>(level)), message, fields);
  // A failure of this write cannot be reported.
  static_cast<void>(!::write(STDERR_FILENO, line.data(), line.size()));
}

}  // namespace postrider::log
