// These functions change endpoints. They run inside a transaction.
#pragma once

#include <string>

#include "service/write_context.h"

namespace postrider {

/// Appends `more` to `effects`.
void merge(Effects& effects, Effects more);

/// Returns the endpoint, or kNotFound.
[[nodiscard]] Result<std::shared_ptr<const Endpoint>> require_endpoint(
    WriteContext& context, EndpointId id
);

/// Stores a new endpoint. Returns it with its id and times.
[[nodiscard]] Result<Endpoint> add_endpoint(WriteContext& context, Endpoint endpoint);
/// Stores a changed endpoint and publishes it to routing and the engine. A new URL or destination,
/// or leaving the state `disabled`, resets the endpoint's health and closes its circuit.
[[nodiscard]] Result<Endpoint> put_endpoint(WriteContext& context, Endpoint endpoint);
[[nodiscard]] Status remove_endpoint(WriteContext& context, EndpointId id);

/// Does nothing if the endpoint has this state and reason already. `reason` is set if and only if
/// `state` is disabled.
[[nodiscard]] Result<Endpoint> set_endpoint_state(
    WriteContext& context,
    const Endpoint& endpoint,
    EndpointState state,
    std::optional<DisabledReason> reason
);

/// Makes `secret` the newest. Older secrets expire after `overlap`, or earlier if they already
/// expire earlier. Returns kConflict if too many secrets are still valid.
[[nodiscard]] Result<Endpoint> rotate_secret(
    WriteContext& context, const Endpoint& endpoint, std::string secret, Millis overlap
);

/// Removes all secrets that have expired.
[[nodiscard]] Status prune_secrets(WriteContext& context);

}  // namespace postrider
