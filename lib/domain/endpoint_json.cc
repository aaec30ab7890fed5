#include "domain/endpoint_json.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "domain/destination_json.h"
#include "domain/header_rules.h"
#include "domain/json_members.h"
#include "domain/mask.h"
#include "domain/rate_limit_json.h"
#include "domain/retry_policy_json.h"
#include "domain/signature_json.h"

namespace postrider {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<std::string_view, PayloadKind>, 4> kPayloadNames = {{
    {"envelope", PayloadKind::kEnvelope},
    {"raw", PayloadKind::kRaw},
    {"cloudevents", PayloadKind::kCloudEvents},
    {"cloudevents-binary", PayloadKind::kCloudEventsBinary},
}};

std::string_view payload_name(PayloadKind kind) {
  for (const auto& [name, value] : kPayloadNames) {
    if (value == kind) return name;
  }
  return {};
}

/// Reads the members of one endpoint, with one function per member.
class ConfigReader {
 public:
  ConfigReader(const UrlCheck& check_url, const EndpointDefaults& defaults, FieldErrors& errors)
      : check_url_(check_url), defaults_(defaults), errors_(errors) {}

  [[nodiscard]] EndpointConfig read(const json& object, std::span<const std::string_view> taken) {
    if (!object.is_object()) {
      add_error(errors_, "", "must be an object");
      return {};
    }
    for (const auto& [name, value] : object.items()) {
      if (std::find(taken.begin(), taken.end(), name) == taken.end()) member(name, value);
    }
    const auto url = object.find("url");
    if (url == object.end() || url->is_null()) add_error(errors_, "/url", "is required");
    return std::move(config_);
  }

  [[nodiscard]] static bool has_member(std::string_view name) {
    return std::any_of(kMembers.begin(), kMembers.end(), [&](const Member& member) {
      return member.name == name;
    });
  }

 private:
  using Rule = void (ConfigReader::*)(const json&);
  struct Member {
    std::string_view name;
    Rule rule;
  };

  void member(const std::string& name, const json& value) {
    for (const auto& known : kMembers) {
      if (known.name != name) continue;
      if (!value.is_null()) (this->*known.rule)(value);
      return;
    }
    add_error(errors_, pointer_to("", name), "is not a member of an endpoint");
  }

  void url(const json& value) {
    const auto* text = as_string(value);
    if (text == nullptr || text->empty() || text->size() > limits::kUrlLengthMax) {
      return add_error(
          errors_, "/url", fmt::format("must be a URL of at most {} bytes", limits::kUrlLengthMax)
      );
    }
    if (is_masked_url(*text))
      return add_error(errors_, "/url", "is the mask of a hidden URL: give the URL itself");
    const auto status = check_url_(*text);
    if (!status) return add_error(errors_, "/url", status.error().context);
    config_.url = *text;
  }

  void description(const json& value) {
    const auto* text = as_string(value);
    if (text == nullptr || text->size() > limits::kDescriptionLengthMax) {
      return add_error(
          errors_,
          "/description",
          fmt::format("must be a string of at most {} bytes", limits::kDescriptionLengthMax)
      );
    }
    config_.description = *text;
  }

  void metadata(const json& value) {
    if (!value.is_object()) return add_error(errors_, "/metadata", "must be an object of strings");
    for (const auto& [name, item] : value.items()) {
      if (!item.is_string()) add_error(errors_, pointer_to("/metadata", name), "must be a string");
    }
    if (value.empty()) return;
    auto text = value.dump();
    if (text.size() > limits::kMetadataBytesMax) {
      return add_error(
          errors_,
          "/metadata",
          fmt::format("is {} bytes, more than {}", text.size(), limits::kMetadataBytesMax)
      );
    }
    config_.metadata = std::move(text);
  }

  /// Returns the strings of an array; an empty list, with errors, if `value` is not one.
  [[nodiscard]] std::vector<std::string> strings(const json& value, const std::string& pointer) {
    std::vector<std::string> out;
    if (!value.is_array()) {
      add_error(errors_, pointer, "must be an array of strings");
      return out;
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
      const auto* text = as_string(value[i]);
      if (text == nullptr) {
        add_error(errors_, pointer_to(pointer, i), "must be a string");
        return {};
      }
      out.push_back(*text);
    }
    return out;
  }

  void event_types(const json& value) {
    const std::string at = "/event_types";
    if (value.is_array() && value.size() > limits::kEventTypesMax) {
      return add_error(errors_, at, fmt::format("has more than {} types", limits::kEventTypesMax));
    }
    auto types = strings(value, at);
    for (std::size_t i = 0; i < types.size(); ++i) {
      std::string_view exact = types[i];
      if (exact == "*") {
        add_error(errors_, pointer_to(at, i), "must name a type: an empty list stands for all");
        continue;
      }
      if (exact.ends_with(".*")) exact.remove_suffix(2);
      check_event_type(exact, pointer_to(at, i), errors_);
    }
    config_.event_types = std::move(types);
  }

  void channels(const json& value) {
    if (value.is_array() && value.size() > limits::kChannelsMax) {
      return add_error(
          errors_, "/channels", fmt::format("has more than {} channels", limits::kChannelsMax)
      );
    }
    config_.channels = strings(value, "/channels");
    check_channels(config_.channels, "/channels", errors_);
  }

  void headers(const json& value) {
    if (!value.is_object()) return add_error(errors_, "/headers", "must be an object of strings");
    if (value.size() > limits::kHeadersMax) {
      return add_error(
          errors_, "/headers", fmt::format("has more than {} headers", limits::kHeadersMax)
      );
    }
    for (const auto& [name, item] : value.items()) header(name, item);
  }

  void header(const std::string& name, const json& value) {
    const auto at = pointer_to("/headers", name);
    const auto* text = as_string(value);
    if (text == nullptr) return add_error(errors_, at, "must be a string");
    if (*text == kMask) {
      return add_error(errors_, at, "is the mask of a hidden value: give the value itself");
    }
    const auto same = [&](const auto& other) { return same_header_name(other.first, name); };
    if (std::any_of(config_.headers.begin(), config_.headers.end(), same)) {
      return add_error(errors_, at, "is given more than once: header names have no case");
    }
    check_header(name, *text, at, errors_);
    config_.headers.emplace_back(name, *text);
  }

  void payload(const json& value) {
    const auto* text = as_string(value);
    for (const auto& [name, kind] : kPayloadNames) {
      if (text == nullptr || *text != name) continue;
      config_.payload = kind;
      return;
    }
    add_error(errors_, "/payload", "must be envelope, raw, cloudevents or cloudevents-binary");
  }

  void signature(const json& value) {
    config_.signature = parse_signature(value, "/signature", errors_);
  }

  void destination(const json& value) {
    config_.destination = parse_destination(value, check_url_, "/destination", errors_);
  }

  void filter(const json& value) {
    config_.filter = read_text(value, limits::kProgramBytesMax, "/filter", errors_);
  }

  void transform(const json& value) {
    config_.transform = read_text(value, limits::kProgramBytesMax, "/transform", errors_);
  }

  void retry(const json& value) {
    config_.retry = parse_retry_policy(value, defaults_.retry, "/retry", errors_);
  }

  void timeout(const json& value) {
    const auto ms =
        read_integer(value, limits::kTimeoutMsMin, limits::kTimeoutMsMax, "/timeout_ms", errors_);
    if (ms) config_.timeout = Millis{*ms};
  }

  void max_in_flight(const json& value) {
    const auto count =
        read_integer(value, 1, limits::kInFlightPerEndpointMax, "/max_in_flight", errors_);
    if (count) config_.max_in_flight = static_cast<int>(*count);
  }

  void ordering(const json& value) {
    const auto* text = as_string(value);
    const auto parsed = parse_ordering(text == nullptr ? std::string_view{} : *text);
    if (!parsed) return add_error(errors_, "/ordering", "must be none, key or strict");
    config_.ordering = *parsed;
  }

  void rate_limit(const json& value) {
    config_.rate_limit = parse_rate_limit(value, "/rate_limit", errors_);
  }

  static constexpr std::array<Member, 16> kMembers = {{
      {"url", &ConfigReader::url},
      {"description", &ConfigReader::description},
      {"metadata", &ConfigReader::metadata},
      {"event_types", &ConfigReader::event_types},
      {"channels", &ConfigReader::channels},
      {"headers", &ConfigReader::headers},
      {"payload", &ConfigReader::payload},
      {"signature", &ConfigReader::signature},
      {"destination", &ConfigReader::destination},
      {"filter", &ConfigReader::filter},
      {"transform", &ConfigReader::transform},
      {"retry", &ConfigReader::retry},
      {"timeout_ms", &ConfigReader::timeout},
      {"max_in_flight", &ConfigReader::max_in_flight},
      {"ordering", &ConfigReader::ordering},
      {"rate_limit", &ConfigReader::rate_limit},
  }};

  const UrlCheck& check_url_;
  const EndpointDefaults& defaults_;
  FieldErrors& errors_;
  EndpointConfig config_;
};

/// Shared by endpoint_config_json() and endpoint_config_view().
json strings_json(const std::vector<std::string>& strings) {
  json out = json::array();
  for (const auto& text : strings) out.push_back(text);
  return out;
}

json headers_json(const EndpointConfig& config, bool masked) {
  json out = json::object();
  for (const auto& [name, value] : config.headers) {
    const bool hidden = masked && is_write_only_header(name);
    out[name] = hidden ? std::string{kMask} : value;
  }
  return out;
}

json text_or_null(const std::string& text) { return text.empty() ? json{} : json(text); }

json metadata_json(const EndpointConfig& config) {
  if (config.metadata.empty()) return json::object();
  return json::parse(config.metadata, nullptr, false);
}

}  // namespace

UrlCheck any_url() {
  return [](const std::string&) { return Status{}; };
}

EndpointConfig parse_endpoint_config(
    const nlohmann::json& object,
    const UrlCheck& check_url,
    const EndpointDefaults& defaults,
    std::span<const std::string_view> taken,
    FieldErrors& errors
) {
  return ConfigReader{check_url, defaults, errors}.read(object, taken);
}

bool is_config_member(std::string_view name) { return ConfigReader::has_member(name); }

nlohmann::json endpoint_config_json(const EndpointConfig& config) {
  const EndpointConfig defaults;
  json out = json::object();
  out["url"] = config.url;
  if (!config.description.empty()) out["description"] = config.description;
  if (!config.metadata.empty()) out["metadata"] = metadata_json(config);
  if (!config.event_types.empty()) out["event_types"] = strings_json(config.event_types);
  if (!config.channels.empty()) out["channels"] = strings_json(config.channels);
  if (!config.headers.empty()) out["headers"] = headers_json(config, false);
  if (config.payload != defaults.payload) out["payload"] = payload_name(config.payload);
  if (config.signature != defaults.signature) out["signature"] = signature_json(config.signature);
  if (config.destination != defaults.destination)
    out["destination"] = destination_json(config.destination, Secrets::kShown);
  if (!config.filter.empty()) out["filter"] = config.filter;
  if (!config.transform.empty()) out["transform"] = config.transform;
  if (config.retry) out["retry"] = retry_policy_json(*config.retry);
  if (config.timeout) out["timeout_ms"] = config.timeout->count();
  if (config.max_in_flight != defaults.max_in_flight) out["max_in_flight"] = config.max_in_flight;
  if (config.ordering != defaults.ordering) out["ordering"] = to_string(config.ordering);
  if (config.rate_limit) out["rate_limit"] = rate_limit_json(*config.rate_limit);
  return out;
}

nlohmann::json endpoint_config_view(
    const EndpointConfig& config, const EndpointDefaults& defaults
) {
  json out = json::object();
  out["url"] = has_secret_url(config.destination.type) ? masked_url(config.url) : config.url;
  out["description"] = config.description;
  out["metadata"] = metadata_json(config);
  out["event_types"] = strings_json(config.event_types);
  out["channels"] = strings_json(config.channels);
  out["headers"] = headers_json(config, true);
  out["payload"] = payload_name(config.payload);
  out["signature"] = signature_json(config.signature);
  out["destination"] = destination_json(config.destination, Secrets::kMasked);
  out["filter"] = text_or_null(config.filter);
  out["transform"] = text_or_null(config.transform);
  out["retry"] = retry_policy_json(config.retry.value_or(defaults.retry));
  out["timeout_ms"] = config.timeout.value_or(defaults.timeout).count();
  out["max_in_flight"] = config.max_in_flight;
  out["ordering"] = to_string(config.ordering);
  out["rate_limit"] = config.rate_limit ? rate_limit_json(*config.rate_limit) : json{};
  return out;
}

std::string encode_endpoint_config(const EndpointConfig& config) {
  return endpoint_config_json(config).dump();
}

Result<EndpointConfig> decode_endpoint_config(std::string_view text) {
  const auto object = json::parse(text, nullptr, false);
  if (object.is_discarded()) return fail(Errc::kCorrupt, "endpoint.config is not valid JSON");
  FieldErrors errors;
  auto config = parse_endpoint_config(object, any_url(), {}, {}, errors);
  if (errors.empty()) return config;
  const auto& first = errors.front();
  return fail(Errc::kCorrupt, "endpoint.config: " + first.pointer + " " + first.detail);
}

}  // namespace postrider
