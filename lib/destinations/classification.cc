#include "destinations/classification.h"

#include <algorithm>
#include <utility>

namespace postrider::destinations {
namespace {

constexpr std::size_t kWordsMax = 200;

/// Returns the outcome of a request without a usable response.
Outcome outcome_of(Response::Failure failure) {
  switch (failure) {
    case Response::Failure::kTimeout:
      return Outcome::kTimeout;
    case Response::Failure::kConnect:
      return Outcome::kConnect;
    case Response::Failure::kTls:
      return Outcome::kTls;
    case Response::Failure::kDns:
      return Outcome::kDns;
    case Response::Failure::kBlocked:
      return Outcome::kBlocked;
    case Response::Failure::kNone:
    case Response::Failure::kInvalid:
      break;
  }
  return Outcome::kResponseInvalid;
}

bool is_throttling(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace

Classification delivered() {
  return {.verdict = Verdict::kDelivered, .outcome = Outcome::kSuccess};
}

Classification try_again(std::string reason) {
  return {.verdict = Verdict::kRetry, .outcome = Outcome::kHttpError, .reason = std::move(reason)};
}

Classification rejected(std::string reason) {
  return {
      .verdict = Verdict::kRejected, .outcome = Outcome::kRejected, .reason = std::move(reason)};
}

Classification gone(std::string reason) {
  return {
      .verdict = Verdict::kEndpointGone, .outcome = Outcome::kGone, .reason = std::move(reason)};
}

Classification throttled(const Response& response, WallTime now, std::string reason) {
  return {
      .verdict = Verdict::kThrottled,
      .outcome = Outcome::kHttpError,
      .retry_after = parse_retry_after(response.retry_after, now),
      .reason = std::move(reason)};
}

bool is_answered(const Response& response) {
  // If a body does not end in time, the status that has arrived still counts: the transport then
  // leaves `failure` unset.
  return response.failure == Response::Failure::kNone && response.status >= 100 &&
         response.status <= 599;
}

Classification classify_status(const Response& response, WallTime now, std::string reason) {
  if (!is_answered(response))
    return {.verdict = Verdict::kRetry, .outcome = outcome_of(response.failure)};
  const int status = response.status;
  if (status >= 200 && status <= 299) return delivered();
  if (is_throttling(status)) return throttled(response, now, std::move(reason));
  return try_again(std::move(reason));
}

std::string words_of(std::string_view name, std::string_view word) {
  std::string words;
  for (const char c : word.substr(0, kWordsMax)) {
    const bool is_printable = c >= 0x20 && c < 0x7f;
    words += is_printable ? c : ' ';
  }
  while (!words.empty() && words.back() == ' ') words.pop_back();
  words.erase(0, words.find_first_not_of(' '));
  return words.empty() ? words : std::string{name} + ": " + words;
}

}  // namespace postrider::destinations
