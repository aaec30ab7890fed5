// What an endpoint's signature, secrets and headers have to do with each other.
#pragma once

#include <string>

#include "domain/endpoint.h"
#include "domain/field_error.h"
#include "signing/scheme.h"

namespace postrider::api {

/// The scheme of a stored endpoint; null when a newer version of the program has written one that
/// this version does not know.
[[nodiscard]] const signing::Scheme* scheme_of(const Endpoint& endpoint);

/// Completes the signature by its scheme's rules, unless `errors` has something about it already.
void check_signature(EndpointConfig& config, FieldErrors& errors);

/// The secret of a new endpoint: `given`, when its scheme takes that, or else one that it makes.
/// Adds nothing when `errors` says that something else is wrong.
void add_first_secret(
    Endpoint& endpoint, const std::string* given, WallTime now, FieldErrors& errors
);

/// kInvalidArgument unless the secret is short enough and one of the scheme.
[[nodiscard]] Status check_secret(const signing::Scheme& scheme, const std::string& secret);

/// A secret changes by rotation alone, so another scheme has to take those of the endpoint. Takes
/// long for key pairs: not for the writer's thread.
void check_secrets(const Endpoint& endpoint, const Signature& signature, FieldErrors& errors);

/// The endpoint's own headers may not be those of its scheme: a receiver would see both.
void check_headers(const EndpointConfig& config, const std::string& secret, FieldErrors& errors);

}  // namespace postrider::api
