#include "app/postrider/serve_options.h"

#include <algorithm>
#include <array>
#include <fstream>

#include <arpa/inet.h>

#include "app/postrider/database_address.h"
#include "base/parse_number.h"

namespace postrider::cli {
namespace {

constexpr std::int64_t kDaysMax = 36'500;
constexpr double kRetentionDaysMin = 1.0 / (24 * 60);
constexpr std::int64_t kThreadsMax = 1024;
constexpr std::size_t kRootKeyLengthMin = 16;
constexpr std::int64_t kDrainSecondsMax = 3600;
/// The minimum allows ten renewals over a network within one lease.
constexpr std::int64_t kLeaseSecondsMin = 2;
constexpr std::int64_t kLeaseSecondsMax = 600;

tl::unexpected<Error> wrong(std::string_view flag, std::string_view what) {
  return fail(Errc::kInvalidArgument, std::string(flag) + ": " + std::string(what));
}

Result<std::vector<Millis>> parse_delays(const std::vector<std::string>& texts) {
  std::vector<Millis> delays;
  for (const std::string& text : texts) {
    const auto ms = parse_number<std::int64_t>(text);
    if (!ms || *ms < 0 || *ms > limits::kRetryDelayMsMax) {
      return wrong("--retry-delays-ms", "each wait is 0 to 604800000 ms, separated by commas");
    }
    delays.emplace_back(*ms);
  }
  if (!delays.empty() && delays.front().count() == 0) delays.erase(delays.begin());
  if (delays.size() >= limits::kRetryAttemptsMax) {
    return wrong("--retry-delays-ms", "at most 99 waits");
  }
  return delays;
}

Status check_texts(const ServeFlags& flags) {
  if (auto db = check_database_address(flags.db); !db) return wrong("--db", db.error().context);
  for (const std::string& net : flags.allow_net) {
    if (!is_cidr(net)) return wrong("--allow-net", "not a network such as 10.0.0.0/8: " + net);
  }
  return {};
}

Status check_root_key(std::string_view flag, std::string_view key) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~+/=-";
  if (key.size() >= kRootKeyLengthMin && key.find_first_not_of(kAllowed) == std::string_view::npos)
    return {};
  return wrong(flag, "needs at least 16 characters of A-Z a-z 0-9 . _ ~ + / = -");
}

/// Returns the key of --root-key, or the first line of --root-key-file; nullopt when neither is
/// given.
Result<std::optional<std::string>> read_root_key(const ServeFlags& flags) {
  if (flags.root_key && flags.root_key_file)
    return wrong("--root-key-file", "cannot be given together with --root-key");
  std::optional<std::string> key = flags.root_key;
  if (flags.root_key_file) {
    std::ifstream file(*flags.root_key_file);
    key.emplace();
    if (!file || !std::getline(file, *key))
      return wrong("--root-key-file", "cannot read a key from " + *flags.root_key_file);
    if (key->ends_with('\r')) key->pop_back();
  }
  if (!key) return key;
  const auto valid = check_root_key(flags.root_key_file ? "--root-key-file" : "--root-key", *key);
  return valid.map([&] { return std::move(key); });
}

/// Where deliveries may go, how they are retried, and how long they are kept.
void add_delivery_flags(const Command& command, ServeFlags& flags) {
  command.list(
      "allow-net", flags.allow_net, "Private network to which delivery is allowed; repeatable", ','
  );
  command.number(
      "max-in-flight",
      flags.max_in_flight,
      {1, static_cast<std::int64_t>(limits::kInFlightMax)},
      "Maximum concurrent outbound requests"
  );
  command.list(
      "retry-delays-ms",
      flags.retry_delays_ms,
      "Default retry delays in milliseconds: 5000,300000,...",
      ','
  );
  command.number(
      "timeout-ms",
      flags.timeout_ms,
      {limits::kTimeoutMsMin, limits::kTimeoutMsMax},
      "Default timeout of one attempt"
  );
  command.number(
      "retention-days",
      flags.retention_days,
      kRetentionDaysMin,
      double{kDaysMax},
      "Days to keep finished events (fractions allowed)"
  );
  command.number(
      "hold-disabled-days",
      flags.hold_disabled_days,
      {1, kDaysMax},
      "Days that deliveries wait for a disabled endpoint"
  );
}

}  // namespace

bool is_cidr(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return false;
  const std::string address = text.substr(0, slash);
  const auto bits = parse_number<int>(std::string_view(text).substr(slash + 1));
  std::array<unsigned char, 16> parsed{};
  if (!bits || *bits < 0) return false;
  if (inet_pton(AF_INET, address.c_str(), parsed.data()) == 1) return *bits <= 32;
  return inet_pton(AF_INET6, address.c_str(), parsed.data()) == 1 && *bits <= 128;
}

Result<HostPort> parse_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos) {
    std::string_view host = text.substr(0, colon);
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    if (bracketed) host = host.substr(1, host.size() - 2);
    const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
    const bool ambiguous = !bracketed && host.find(':') != std::string_view::npos;
    if (port && !host.empty() && !ambiguous) return HostPort{std::string(host), *port};
  }
  return fail(Errc::kInvalidArgument, "not an address and port such as 127.0.0.1:8080");
}

void add_serve_flags(const Command& command, ServeFlags& flags) {
  command.allow_environment();
  command.text("db", flags.db, "Database: a file, or postgresql://...");
  command.text(
      "listen",
      flags.listen,
      "Address and port to listen on; port 0 selects a free port, which is printed"
  );
  command.text(
      "root-key",
      flags.root_key,
      "Admin key that is always valid (other users of the machine can see it with ps: prefer a "
      "file)"
  );
  command.text(
      "root-key-file",
      flags.root_key_file,
      "File whose first line is an admin key that is always valid"
  );
  add_delivery_flags(command, flags);
  command.number(
      "max-event-bytes",
      flags.max_event_bytes,
      {1, static_cast<std::int64_t>(limits::kBatchBytesMax)},
      "Maximum size of an event's data in bytes"
  );
  command.number(
      "api-threads", flags.api_threads, {1, kThreadsMax}, "Maximum concurrent API requests"
  );
  command.text("log-format", flags.log_format, "text or json");
  command.text("log-level", flags.log_level, "debug, info, warning or error");
  command.number(
      "drain-s",
      flags.drain_s,
      {0, kDrainSecondsMax},
      "Seconds that requests in flight may take to finish at a stop"
  );
  command.number(
      "lease-s",
      flags.lease_s,
      {kLeaseSecondsMin, kLeaseSecondsMax},
      "PostgreSQL: seconds until other nodes take over from a node that is gone"
  );
}

Result<ServeOptions> checked(const ServeFlags& flags) {
  if (auto status = check_texts(flags); !status) return tl::unexpected(status.error());
  const auto address = parse_host_port(flags.listen);
  if (!address) return wrong("--listen", address.error().context);
  auto root_key = read_root_key(flags);
  if (!root_key) return tl::unexpected(root_key.error());
  auto delays = parse_delays(flags.retry_delays_ms);
  if (!delays) return tl::unexpected(delays.error());
  const auto format = log::parse_format(flags.log_format);
  if (!format) return wrong("--log-format", format.error().context);
  const auto level = log::parse_level(flags.log_level);
  if (!level) return wrong("--log-level", level.error().context);
  ServeOptions options;
  options.db = flags.db;
  options.host = address->host;
  options.port = address->port;
  options.root_key = std::move(*root_key);
  options.allow_nets = flags.allow_net;
  options.max_in_flight = static_cast<std::size_t>(flags.max_in_flight);
  options.retry_delays = std::move(*delays);
  options.timeout = Millis{flags.timeout_ms};
  options.retention = std::chrono::round<Millis>(std::chrono::duration<double, std::ratio<86'400>>{
      flags.retention_days});
  options.hold_disabled_days = flags.hold_disabled_days;
  options.max_event_bytes = static_cast<std::size_t>(flags.max_event_bytes);
  options.api_threads = static_cast<std::size_t>(flags.api_threads);
  options.log_format = *format;
  options.log_level = *level;
  options.drain = std::chrono::seconds{flags.drain_s};
  options.lease = std::chrono::seconds{flags.lease_s};
  return options;
}

}  // namespace postrider::cli
