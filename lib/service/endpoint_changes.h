// Changes of endpoints, made inside of a transaction.
#pragma once

#include <string>

#include "service/write_context.h"

namespace postrider {

/// Adds `more` to `effects`, in order.
void merge(Effects& effects, Effects more);

/// The endpoint, or kNotFound.
[[nodiscard]] Result<std::shared_ptr<const Endpoint>> require_endpoint(
    WriteContext& context, EndpointId id
);

/// Stores a new endpoint; `id` and the times are filled in.
[[nodiscard]] Result<Endpoint> add_endpoint(WriteContext& context, Endpoint endpoint);
/// Stores a changed endpoint and tells everybody. Another URL, and leaving `disabled`, start the
/// endpoint's health and circuit anew.
[[nodiscard]] Result<Endpoint> put_endpoint(WriteContext& context, Endpoint endpoint);
[[nodiscard]] Status remove_endpoint(WriteContext& context, EndpointId id);

/// Does nothing when the state is what it was. `reason` is set iff `state` is disabled.
[[nodiscard]] Result<Endpoint> set_endpoint_state(
    WriteContext& context,
    const Endpoint& endpoint,
    EndpointState state,
    std::optional<DisabledReason> reason
);

/// Makes `secret` the newest; those before it expire when `overlap` has passed, if not earlier.
[[nodiscard]] Result<Endpoint> rotate_secret(
    WriteContext& context, const Endpoint& endpoint, std::string secret, Millis overlap
);

/// Removes all secrets that have expired.
[[nodiscard]] Status prune_secrets(WriteContext& context);

}  // namespace postrider
