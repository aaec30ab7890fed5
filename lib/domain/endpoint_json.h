// The one codec of an endpoint's members: the REST API's bodies and the database's `config` column.
//
// `id`, `tenant`, `secret` and `state` are not among them: they have their own columns and routes.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "domain/endpoint.h"
#include "domain/field_error.h"
#include "domain/retry_policy.h"

namespace postrider {

/// Says whether a URL may be delivered to; the error's context becomes the detail under `/url`.
/// Presence and length have been checked before.
using UrlCheck = std::function<Status(const std::string&)>;

/// Accepts any URL: for reading back what was checked when it was stored.
[[nodiscard]] UrlCheck any_url();

/// What applies to endpoints that say nothing of it: --retry-delays-ms and --timeout-ms.
struct EndpointDefaults {
  RetryPolicy retry = default_retry_policy();
  Millis timeout{15'000};
};

/// Reads an endpoint's members by the rules of api.md §4. A null is a member left out. What is
/// wrong goes to `errors`, unknown members by name, and the result counts only when none was added.
/// `taken`: names in `object` that the caller reads itself.
[[nodiscard]] EndpointConfig parse_endpoint_config(
    const nlohmann::json& object,
    const UrlCheck& check_url,
    const EndpointDefaults& defaults,
    std::span<const std::string_view> taken,
    FieldErrors& errors
);

/// Merges `patch` into `current` (RFC 7396: left out = as it is, null = the default), under the
/// same rules as parse_endpoint_config(). Additions: header names are compared without case; what
/// was shown masked and comes back so keeps its value; and a `retry` or an `auth` of another
/// `kind`, a `signature` of another `scheme` or a `destination` of another `type` replaces the
/// stored one instead of mixing with it.
[[nodiscard]] EndpointConfig patch_endpoint_config(
    const EndpointConfig& current,
    const nlohmann::json& patch,
    const UrlCheck& check_url,
    const EndpointDefaults& defaults,
    std::span<const std::string_view> taken,
    FieldErrors& errors
);

/// Whether an endpoint's config has a member of that name.
[[nodiscard]] bool is_config_member(std::string_view name);

/// The members that are not left to their defaults, as parse_endpoint_config() reads them. Holds
/// credentials: for storing, never for answers or logs.
[[nodiscard]] nlohmann::json endpoint_config_json(const EndpointConfig& config);

/// All members, with the defaults that apply, for answers. Values of write-only headers,
/// credentials of the destination and URLs that are credentials are masked.
[[nodiscard]] nlohmann::json endpoint_config_view(
    const EndpointConfig& config, const EndpointDefaults& defaults
);

/// A retry policy in the form of the API.
[[nodiscard]] nlohmann::json retry_policy_json(const RetryPolicy& policy);

/// endpoint_config_json() as compact text, for the `config` column.
[[nodiscard]] std::string encode_endpoint_config(const EndpointConfig& config);

/// Reads the `config` column. kCorrupt when it is not what encode_endpoint_config() writes.
[[nodiscard]] Result<EndpointConfig> decode_endpoint_config(std::string_view text);

}  // namespace postrider
