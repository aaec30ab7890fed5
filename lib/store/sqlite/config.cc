// The config of an endpoint as the text of its column.
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "store/sqlite/rows.h"

namespace postrider::sqlite {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 3> kPayloads{"envelope", "raw", "cloudevents"};

json encode_retry(const RetryPolicy& policy) {
  json delays = json::array();
  for (const Millis delay : policy.delays) delays.push_back(delay.count());
  return {
      {"kind", policy.kind == RetryPolicy::Kind::kSchedule ? "schedule" : "exponential"},
      {"delays_ms", std::move(delays)},
      {"initial_ms", policy.initial.count()},
      {"factor", policy.factor},
      {"max_ms", policy.delay_max.count()},
      {"max_attempts", policy.attempts_max},
      {"jitter", policy.jitter},
  };
}

RetryPolicy decode_retry(const json& value) {
  RetryPolicy policy;
  policy.kind = value.value("kind", "schedule") == "schedule" ? RetryPolicy::Kind::kSchedule
                                                              : RetryPolicy::Kind::kExponential;
  for (const auto& delay : value.value("delays_ms", json::array()))
    policy.delays.emplace_back(delay.get<std::int64_t>());
  policy.initial = Millis{value.value("initial_ms", policy.initial.count())};
  policy.factor = value.value("factor", policy.factor);
  policy.delay_max = Millis{value.value("max_ms", policy.delay_max.count())};
  policy.attempts_max = value.value("max_attempts", policy.attempts_max);
  policy.jitter = value.value("jitter", policy.jitter);
  return policy;
}

EndpointConfig decode(const json& value) {
  EndpointConfig config;
  config.url = value.value("url", "");
  config.description = value.value("description", "");
  config.metadata = value.value("metadata", "");
  config.event_types = value.value("event_types", std::vector<std::string>{});
  config.channels = value.value("channels", std::vector<std::string>{});
  for (const auto& header : value.value("headers", json::array()))
    config.headers.emplace_back(header.at(0).get<std::string>(), header.at(1).get<std::string>());
  const auto payload = value.value("payload", std::string{kPayloads[0]});
  for (std::size_t i = 0; i < kPayloads.size(); ++i) {
    if (kPayloads.at(i) == payload) config.payload = static_cast<PayloadKind>(i);
  }
  if (value.contains("retry")) config.retry = decode_retry(value.at("retry"));
  if (value.contains("timeout_ms")) config.timeout = Millis{value.at("timeout_ms").get<int>()};
  config.max_in_flight = value.value("max_in_flight", config.max_in_flight);
  return config;
}

}  // namespace

std::string encode_config(const EndpointConfig& config) {
  json headers = json::array();
  for (const auto& [name, value] : config.headers) headers.push_back(json::array({name, value}));
  json value{
      {"url", config.url},
      {"description", config.description},
      {"metadata", config.metadata},
      {"event_types", config.event_types},
      {"channels", config.channels},
      {"headers", std::move(headers)},
      {"payload", kPayloads.at(static_cast<std::size_t>(config.payload))},
      {"max_in_flight", config.max_in_flight},
  };
  if (config.retry) value["retry"] = encode_retry(*config.retry);
  if (config.timeout) value["timeout_ms"] = config.timeout->count();
  return value.dump();
}

Result<EndpointConfig> decode_config(std::string_view text) {
  const auto value = json::parse(text, nullptr, false);
  if (!value.is_object()) return fail(Errc::kCorrupt, "an endpoint's config is no JSON object");
  try {
    return decode(value);
  } catch (const json::exception&) {
    return fail(Errc::kCorrupt, "an endpoint's config has a member of a wrong kind");
  }
}

}  // namespace postrider::sqlite
