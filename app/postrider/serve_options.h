// The flags of `serve` and `dev`; see api.md, "Command line".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/postrider/cli.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"

namespace postrider::cli {

/// The options after validation.
struct ServeOptions {
  std::string db;                       ///< a file name or a postgresql:// URL
  std::string host;                     ///< address to listen on
  std::uint16_t port = 0;               ///< 0 = any free one
  std::optional<std::string> root_key;  ///< from --root-key or --root-key-file
  /// Networks in CIDR notation with a valid address and prefix.
  std::vector<std::string> allow_nets;
  std::size_t max_in_flight = 0;
  std::vector<Millis> retry_delays;  ///< empty = the default policy
  Millis timeout{0};
  Millis retention{0};
  std::int64_t hold_disabled_days = 0;
  std::size_t max_event_bytes = 0;
  std::size_t api_threads = 0;
  log::Format log_format = log::Format::kText;
  log::Level log_level = log::Level::kInfo;
  std::chrono::seconds drain{0};
  std::chrono::seconds lease{0};
};

/// The flags as given. The values here are the defaults of `serve`; `dev` changes them before
/// add_serve_flags().
struct ServeFlags {
  std::string db = "postrider.db";
  std::string listen = "127.0.0.1:8080";
  std::optional<std::string> root_key;
  std::optional<std::string> root_key_file;
  std::vector<std::string> allow_net;
  std::int64_t max_in_flight = static_cast<std::int64_t>(limits::kInFlightDefault);
  std::vector<std::string> retry_delays_ms;
  std::int64_t timeout_ms = 15'000;
  double retention_days = 30;
  std::int64_t hold_disabled_days = 7;
  std::int64_t max_event_bytes = static_cast<std::int64_t>(limits::kEventBytesDefault);
  std::int64_t api_threads = 32;
  std::string log_format = "text";
  std::string log_level = "info";
  std::int64_t drain_s = 20;
  std::int64_t lease_s = 10;
};

/// Adds every flag of `serve`.
void add_serve_flags(const Command& command, ServeFlags& flags);

/// Fails with kInvalidArgument and one line that names the flag and the error. A leading 0 of
/// --retry-delays-ms is the first attempt and is dropped.
[[nodiscard]] Result<ServeOptions> checked(const ServeFlags& flags);

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};
/// Parses an address such as `127.0.0.1:8080`, `localhost:0` or `[::1]:8080`.
[[nodiscard]] Result<HostPort> parse_host_port(std::string_view text);

/// Whether `text` is an address with a prefix length: `10.0.0.0/8`, `fd00::/8`.
[[nodiscard]] bool is_cidr(const std::string& text);

}  // namespace postrider::cli
