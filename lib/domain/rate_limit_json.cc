#include "domain/rate_limit_json.h"

#include "base/limits.h"
#include "domain/json_members.h"

namespace postrider {
namespace {

using nlohmann::json;

std::int64_t required_integer(
    const json& object,
    const char* name,
    std::int64_t max,
    const std::string& pointer,
    FieldErrors& errors
) {
  const auto value = object.find(name);
  if (value == object.end() || value->is_null()) {
    add_error(errors, pointer_to(pointer, name), "is required");
    return 1;
  }
  return read_integer(*value, 1, max, pointer_to(pointer, name), errors).value_or(1);
}

}  // namespace

RateLimit parse_rate_limit(
    const nlohmann::json& object, const std::string& pointer, FieldErrors& errors
) {
  if (!object.is_object()) {
    add_error(errors, pointer, "must be an object");
    return {};
  }
  for (const auto& [name, value] : object.items()) {
    if (name != "limit" && name != "period_ms") {
      add_error(errors, pointer_to(pointer, name), "is not a member of a rate limit");
    }
  }
  RateLimit rate;
  rate.limit =
      static_cast<int>(required_integer(object, "limit", limits::kRateLimitMax, pointer, errors));
  rate.period =
      Millis{required_integer(object, "period_ms", limits::kRatePeriodMsMax, pointer, errors)};
  return rate;
}

nlohmann::json rate_limit_json(const RateLimit& rate) {
  json out = json::object();
  out["limit"] = rate.limit;
  out["period_ms"] = rate.period.count();
  return out;
}

}  // namespace postrider
