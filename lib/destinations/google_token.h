// ID tokens of Google for a service account: what is asked of its token endpoint, and what it
// answers. The requests themselves are made elsewhere.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "domain/destination.h"

namespace postrider::destinations {

/// kInvalidArgument unless it has an address and a key that can sign; never echoes the key. To be
/// asked once, when the account is saved: takes some 50 ms. Thread-safe.
[[nodiscard]] Status check_service_account(const ServiceAccount& account);

/// The form `grant_type=…&assertion=<JWT RS256>` to be POSTed to `token_url` for an ID token that
/// is good for `audience` (the function's URL). It is good for an hour from `now`.
///
/// kInvalidArgument when the key cannot be read. With one that check_service_account() has not
/// seen it may end the process. Takes about 1 ms, for the signature. Thread-safe.
[[nodiscard]] Result<std::string> token_request_body(
    const ServiceAccount& account,
    std::string_view audience,
    std::string_view token_url,
    WallTime now
);

struct IdToken {
  std::string value;  ///< fit to be a header's value
  WallTime expires_at;
};

/// Reads `{"id_token": …}`. The token expires when its own claim says so, at most an hour from
/// `now`; its signature is for the function to check. kInvalidArgument, with a reason that holds
/// nothing of the token, when there is none, or one that has expired, or too long for a header.
/// Thread-safe.
[[nodiscard]] Result<IdToken> parse_token_answer(std::string_view body, WallTime now);

/// What to tell people about an error answer: `invalid_grant: Invalid JWT Signature.` of
/// `{"error", "error_description"}`; empty when it says nothing of the kind. Printable ASCII of at
/// most 320 characters, without words of 64 characters or more, as keys and tokens are.
/// Thread-safe.
[[nodiscard]] std::string token_error_of(std::string_view body);

}  // namespace postrider::destinations
