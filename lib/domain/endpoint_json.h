// The only codec of an endpoint's members, for the bodies of the REST API and for the database's
// `config` column.
//
// `id`, `tenant`, `secret` and `state` have their own columns and routes and are not read or
// written here.
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

/// Says whether requests may be sent to a URL. The error's context becomes the detail under `/url`.
/// The caller has already checked that the URL is present and not too long.
using UrlCheck = std::function<Status(const std::string&)>;

/// Accepts any URL. It is for reading stored endpoints, whose URL was checked before.
[[nodiscard]] UrlCheck any_url();

/// The settings of endpoints without their own: --retry-delays-ms and --timeout-ms.
struct EndpointDefaults {
  RetryPolicy retry = default_retry_policy();
  Millis timeout{15'000};
};

/// Reads an endpoint's members by the rules of api.md §4. A member that is null counts as missing.
/// Adds errors to `errors`, also for unknown members; the result is valid only if none was added.
/// `taken` lists the names in `object` that the caller reads itself.
[[nodiscard]] EndpointConfig parse_endpoint_config(
    const nlohmann::json& object,
    const UrlCheck& check_url,
    const EndpointDefaults& defaults,
    std::span<const std::string_view> taken,
    FieldErrors& errors
);

/// Merges `patch` into `current` by RFC 7396 (a missing member stays, null restores the default),
/// under the rules of parse_endpoint_config(), with these additions. Header names are compared
/// case-insensitively. A masked value that comes back unchanged keeps the stored value. A `retry`
/// or an `auth` of another `kind`, a `signature` of another `scheme` or a `destination` of another
/// `type` replaces the stored one instead of being merged with it.
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

/// Returns the members that differ from the defaults, in the form that parse_endpoint_config()
/// reads. It contains credentials: it is for storage, never for responses or logs.
[[nodiscard]] nlohmann::json endpoint_config_json(const EndpointConfig& config);

/// Returns all members, including the defaults that apply, for responses. Values of write-only
/// headers, credentials of the destination and URLs that are credentials are masked.
[[nodiscard]] nlohmann::json endpoint_config_view(
    const EndpointConfig& config, const EndpointDefaults& defaults
);

/// Returns a retry policy in the form of the API.
[[nodiscard]] nlohmann::json retry_policy_json(const RetryPolicy& policy);

/// Returns endpoint_config_json() as compact text, for the `config` column.
[[nodiscard]] std::string encode_endpoint_config(const EndpointConfig& config);

/// Reads the `config` column. Fails with kCorrupt when encode_endpoint_config() cannot have written
/// it.
[[nodiscard]] Result<EndpointConfig> decode_endpoint_config(std::string_view text);

}  // namespace postrider
