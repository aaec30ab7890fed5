#include "domain/retry_policy_json.h"

#include <array>
#include <string>
#include <vector>

#include "base/limits.h"
#include "domain/endpoint_json.h"
#include "domain/json_members.h"

namespace postrider {
namespace {

using nlohmann::json;

/// With this factor the fourth delay is always the longest one, so a larger one has no use.
constexpr double kFactorMax = 1000.0;

constexpr std::string_view kSchedule = "schedule";
constexpr std::string_view kExponential = "exponential";

class RetryReader {
 public:
  RetryReader(const json& object, std::string_view pointer, FieldErrors& errors)
      : object_(object), pointer_(pointer), errors_(errors) {}

  [[nodiscard]] RetryPolicy read(const RetryPolicy& default_policy) {
    const auto kind = read_kind();
    if (!kind) return {};
    RetryPolicy policy;
    policy.kind = *kind;
    for (const auto& [name, value] : object_.items()) {
      if (value.is_null() || name == "kind") continue;
      const bool known = name == "jitter" ? read_jitter(value, policy)
                         : policy.kind == RetryPolicy::Kind::kSchedule
                             ? read_schedule(name, value, policy)
                             : read_exponential(name, value, policy);
      if (!known) {
        add_error(errors_, pointer_to(pointer_, name), "is not a member of this kind of policy");
      }
    }
    if (policy.kind == RetryPolicy::Kind::kSchedule && !has_delays_) {
      const bool schedule = default_policy.kind == RetryPolicy::Kind::kSchedule;
      policy.delays = schedule ? default_policy.delays : default_retry_policy().delays;
    }
    if (policy.initial > policy.delay_max) {
      add_error(errors_, pointer_ + "/initial_ms", "must not be above max_ms");
    }
    return policy;
  }

 private:
  [[nodiscard]] std::optional<RetryPolicy::Kind> read_kind() {
    const auto kind = object_.find("kind");
    if (kind == object_.end() || kind->is_null()) return RetryPolicy::Kind::kSchedule;
    const auto* text = as_string(*kind);
    if (text != nullptr && *text == kSchedule) return RetryPolicy::Kind::kSchedule;
    if (text != nullptr && *text == kExponential) return RetryPolicy::Kind::kExponential;
    add_error(errors_, pointer_ + "/kind", "must be schedule or exponential");
    return std::nullopt;
  }

  bool read_jitter(const json& value, RetryPolicy& policy) {
    policy.jitter =
        read_number(value, 0.0, 1.0, pointer_ + "/jitter", errors_).value_or(policy.jitter);
    return true;
  }

  bool read_schedule(const std::string& name, const json& value, RetryPolicy& policy) {
    if (name != "delays_ms") return false;
    has_delays_ = true;
    const std::string at = pointer_ + "/delays_ms";
    if (!value.is_array()) {
      add_error(errors_, at, "must be an array of integers");
      return true;
    }
    // A leading 0 stands for the first attempt, which is made at once anyway.
    const std::size_t skipped = !value.empty() && value.front() == 0 ? 1 : 0;
    if (value.size() - skipped > limits::kRetryAttemptsMax - 1) {
      add_error(errors_, at, fmt::format("has more than {} delays", limits::kRetryAttemptsMax - 1));
      return true;
    }
    for (std::size_t i = skipped; i < value.size(); ++i) {
      const auto delay =
          read_integer(value[i], 0, limits::kRetryDelayMsMax, pointer_to(at, i), errors_);
      policy.delays.emplace_back(delay.value_or(0));
    }
    return true;
  }

  bool read_exponential(const std::string& name, const json& value, RetryPolicy& policy) {
    const std::string at = pointer_to(pointer_, name);
    const auto integer = [&](std::int64_t max) {
      return read_integer(value, 1, max, at, errors_).value_or(1);
    };
    if (name == "initial_ms") {
      policy.initial = Millis{integer(limits::kRetryDelayMsMax)};
    } else if (name == "max_ms") {
      // An error here must not cause a second error about initial_ms.
      policy.delay_max = Millis{read_integer(value, 1, limits::kRetryDelayMsMax, at, errors_)
                                    .value_or(limits::kRetryDelayMsMax)};
    } else if (name == "max_attempts") {
      policy.attempts_max =
          static_cast<int>(integer(static_cast<std::int64_t>(limits::kRetryAttemptsMax)));
    } else if (name == "factor") {
      policy.factor = read_number(value, 1.0, kFactorMax, at, errors_).value_or(policy.factor);
    } else {
      return false;
    }
    return true;
  }

  const json& object_;
  const std::string pointer_;
  FieldErrors& errors_;
  bool has_delays_ = false;
};

}  // namespace

RetryPolicy parse_retry_policy(
    const nlohmann::json& object,
    const RetryPolicy& default_policy,
    std::string_view pointer,
    FieldErrors& errors
) {
  if (!object.is_object()) {
    add_error(errors, std::string{pointer}, "must be an object");
    return {};
  }
  return RetryReader{object, pointer, errors}.read(default_policy);
}

nlohmann::json retry_policy_json(const RetryPolicy& policy) {
  json out;
  if (policy.kind == RetryPolicy::Kind::kSchedule) {
    out["kind"] = kSchedule;
    out["delays_ms"] = json::array();
    for (const auto delay : policy.delays) out["delays_ms"].push_back(delay.count());
  } else {
    out["kind"] = kExponential;
    out["initial_ms"] = policy.initial.count();
    out["factor"] = policy.factor;
    out["max_ms"] = policy.delay_max.count();
    out["max_attempts"] = policy.attempts_max;
  }
  out["jitter"] = policy.jitter;
  return out;
}

}  // namespace postrider
