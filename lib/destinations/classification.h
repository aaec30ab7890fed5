// The default classification of HTTP responses, and helpers for the classifications of
// destinations.
#pragma once

#include <string>
#include <string_view>

#include "domain/outcome.h"

namespace postrider::destinations {

[[nodiscard]] Classification delivered();
/// The attempt is retried by the schedule. In all these functions `reason` is the receiver's error
/// text, or empty.
[[nodiscard]] Classification try_again(std::string reason = {});
/// The receiver will never accept this message.
[[nodiscard]] Classification rejected(std::string reason);
/// The endpoint accepts nothing any more.
[[nodiscard]] Classification gone(std::string reason);
/// The endpoint backs off, for as long as Retry-After says if the response has it.
[[nodiscard]] Classification throttled(
    const Response& response, WallTime now, std::string reason = {}
);

/// Whether a response with a usable status arrived.
[[nodiscard]] bool is_answered(const Response& response);

/// Whether this status means, for most providers, that they will never accept the message: 400,
/// 413, 422.
[[nodiscard]] constexpr bool refuses_message(int status) {
  return status == 400 || status == 413 || status == 422;
}

/// Classifies by status alone. 2xx is success; 429, 502, 503 and 504 make the endpoint back off.
/// All other responses, and requests without a response, are retried.
[[nodiscard]] Classification classify_status(
    const Response& response, WallTime now, std::string reason = {}
);

/// Returns `name: word`, with the word as one line of at most 200 bytes of printable ASCII. Returns
/// an empty string if the word is empty.
[[nodiscard]] std::string words_of(std::string_view name, std::string_view word);

}  // namespace postrider::destinations
