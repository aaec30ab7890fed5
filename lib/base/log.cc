#include "base/log.h"

#include <nlohmann/json.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace postrider::log {
namespace {

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Written once by init, before threads start.
Format& active_format() {
  static Format format = Format::kText;  // tidy: mutable-static (see init)
  return format;
}

}  // namespace

void init(Format format, Level level) {
  active_format() = format;
  auto logger = spdlog::stderr_logger_mt("postrider");
  logger->set_level(to_spdlog(level));
  logger->flush_on(spdlog::level::debug);
  const auto pattern = format == Format::kJson
                           ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                           : "%Y-%m-%dT%H:%M:%S.%eZ %l %v";
  logger->set_pattern(pattern, spdlog::pattern_time_type::utc);
  spdlog::set_default_logger(std::move(logger));
}

Result<Format> parse_format(std::string_view text) {
  if (text == "text") return Format::kText;
  if (text == "json") return Format::kJson;
  return fail(Errc::kInvalidArgument, "log format must be text or json");
}

Result<Level> parse_level(std::string_view text) {
  if (text == "debug") return Level::kDebug;
  if (text == "info") return Level::kInfo;
  if (text == "warning") return Level::kWarning;
  if (text == "error") return Level::kError;
  return fail(Errc::kInvalidArgument, "log level must be debug, info, warning or error");
}

void write(Level level, std::string_view message, Fields fields) {
  if (!spdlog::should_log(to_spdlog(level))) return;
  std::string line;
  if (active_format() == Format::kJson) {
    line = "\"message\":" + json_text(message);
    for (const auto& field : fields)
      line += "," + json_text(field.key) + ":" + json_text(field.value);
  } else {
    line = message;
    for (const auto& field : fields) {
      line += ' ';
      line += field.key;
      line += '=';
      const bool plain =
          !field.value.empty() && field.value.find_first_of(" \"\\\n\r\t=") == std::string::npos;
      line += plain ? field.value : json_text(field.value);
    }
  }
  spdlog::log(to_spdlog(level), "{}", line);
}

}  // namespace postrider::log
