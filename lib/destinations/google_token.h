// Google's ID tokens for a service account: builds the requests to its token endpoint and parses
// the responses. The caller sends the requests.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "domain/destination.h"

namespace postrider::destinations {

/// Fails with kInvalidArgument unless the account has an address and a key that can sign; never
/// echoes the key. Takes about 50 ms, so it is called once, when the account is saved. Thread-safe.
[[nodiscard]] Status check_service_account(const ServiceAccount& account);

/// Returns the form `grant_type=…&assertion=<JWT RS256>`. The caller POSTs it to `token_url` and
/// gets an ID token for `audience` (the function's URL). The form is valid for an hour from `now`.
///
/// Fails with kInvalidArgument when the key cannot be read. The key must have passed
/// check_service_account(); with another key it may abort the process. Takes about 1 ms, for the
/// signature. Thread-safe.
[[nodiscard]] Result<std::string> token_request_body(
    const ServiceAccount& account,
    std::string_view audience,
    std::string_view token_url,
    WallTime now
);

struct IdToken {
  std::string value;  ///< a valid header value
  WallTime expires_at;
};

/// Reads `{"id_token": …}`. The token expires at the time of its own claim, at most an hour from
/// `now`. Its signature is not checked: the function checks it. Fails with kInvalidArgument when
/// there is no token, or it has expired or is too long for a header. The reason contains nothing of
/// the token. Thread-safe.
[[nodiscard]] Result<IdToken> parse_token_answer(std::string_view body, WallTime now);

/// Returns the text of an error response for people, such as `invalid_grant: Invalid JWT
/// Signature.` for `{"error", "error_description"}`; empty when the response has another form. The
/// text is printable ASCII of at most 320 characters, without words of 64 or more characters,
/// because those may be keys or tokens. Thread-safe.
[[nodiscard]] std::string token_error_of(std::string_view body);

}  // namespace postrider::destinations
