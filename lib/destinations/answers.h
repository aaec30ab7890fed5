// What answers of HTTP mean wherever nobody says otherwise.
#pragma once

#include <string>
#include <string_view>

#include "domain/outcome.h"

namespace postrider::destinations {

[[nodiscard]] Judgement delivered();
/// The schedule decides. `reason` in each: the receiver's own word, or empty.
[[nodiscard]] Judgement try_again(std::string reason = {});
/// This message never.
[[nodiscard]] Judgement rejected(std::string reason);
/// This endpoint never again.
[[nodiscard]] Judgement gone(std::string reason);
/// The endpoint is left alone for as long as Retry-After says, when it says so.
[[nodiscard]] Judgement throttled(const Response& response, WallTime now, std::string reason = {});

/// Whether an answer came whose status and body count.
[[nodiscard]] bool is_answered(const Response& response);

/// Whether providers say by this status that they will never take the message: 400, 413, 422.
[[nodiscard]] constexpr bool refuses_message(int status) {
  return status == 400 || status == 413 || status == 422;
}

/// A 2xx is success; 429, 502, 503 and 504 hold the endpoint; all else, a request without an answer
/// too, is tried again.
[[nodiscard]] Judgement judge_status(
    const Response& response, WallTime now, std::string reason = {}
);

/// `name: word`, the word as one line of printable ASCII of at most 200 bytes; empty when there is
/// none.
[[nodiscard]] std::string words_of(std::string_view name, std::string_view word);

}  // namespace postrider::destinations
