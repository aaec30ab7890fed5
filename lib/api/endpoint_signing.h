// Checks that depend on an endpoint's signature scheme: its secrets and headers.
#pragma once

#include <string>

#include "domain/endpoint.h"
#include "domain/field_error.h"
#include "signing/scheme.h"

namespace postrider::api {

/// The scheme of a stored endpoint; null if a newer version of the program has stored a scheme that
/// this version does not know.
[[nodiscard]] const signing::Scheme* scheme_of(const Endpoint& endpoint);

/// Fills in the members of the signature by the rules of its scheme, unless `errors` has an error
/// of it.
void check_signature(EndpointConfig& config, FieldErrors& errors);

/// Returns the secret of a new endpoint: `given` if its scheme accepts it, or a new one. Returns
/// nothing if `errors` has errors.
void add_first_secret(
    Endpoint& endpoint, const std::string* given, WallTime now, FieldErrors& errors
);

/// kInvalidArgument if the secret is too long, or not valid for the scheme.
[[nodiscard]] Status check_secret(const signing::Scheme& scheme, const std::string& secret);

/// Checks that a changed scheme accepts the stored secrets, because secrets change only by
/// rotation. Slow for key pairs, so it must not run on the writer's thread.
void check_secrets(const Endpoint& endpoint, const Signature& signature, FieldErrors& errors);

/// Refuses custom headers that the scheme also sends: a receiver would get both.
void check_headers(const EndpointConfig& config, const std::string& secret, FieldErrors& errors);

}  // namespace postrider::api
