#include "destinations/slack.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "destinations/chat_body.h"
#include "destinations/classification.h"

namespace postrider::destinations {
namespace {

constexpr std::size_t kTextMax = 40'000;
constexpr std::size_t kReadableMax = 3000;
constexpr std::array<ListLimit, 3> kSlackLists = {
    {{"/blocks", 50}, {"/attachments", 100}, {"/blocks/*/fields", 10}}};
constexpr std::array<TextLimit, 4> kSlackTexts = {
    {{"/text", kTextMax},
     {"/blocks/*/text/text", 3000},
     {"/blocks/*/fields/*/text", 2000},
     {"/attachments/*/text", kTextMax}}};

constexpr std::array<std::string_view, 6> kMessageWords = {
    "invalid_payload",
    "user_not_found",
    "no_text",
    "too_many_attachments",
    "invalid_blocks",
    "invalid_attachments"};
constexpr std::array<std::string_view, 10> kEndpointWords = {
    "action_prohibited",
    "posting_to_general_channel_denied",
    "invalid_token",
    "team_disabled",
    "channel_not_found",
    "no_service",
    "no_service_id",
    "no_team",
    "no_active_hooks",
    "channel_is_archived"};

/// Escapes Slack's markup and nothing else, as its documentation asks.
std::string escaped_mrkdwn(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

template <std::size_t N>
bool is_among(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string_view word_of(std::string_view body) {
  const std::size_t end = body.find_last_not_of(" \t\r\n");
  return body.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

}  // namespace

Result<Content> Slack::shape(const Message& message) const {
  constexpr Chat kSlack{
      .text_member = "text",
      .texts = kSlackTexts,
      .lists = kSlackLists,
      .bold = "*",
      .bullet = "• ",
      .escaped = escaped_mrkdwn,
      .readable_max = kReadableMax};
  const auto body = chat_body(message, kSlack);
  if (!body) return tl::unexpected(body.error());
  return json_content(*body);
}

Classification Slack::classify(const Response& response, WallTime now) const {
  if (!is_answered(response)) return classify_status(response, now);
  const std::string_view word = word_of(response.body);
  const std::string reason = words_of(name(), word);
  if (is_among(kMessageWords, word)) return rejected(reason);
  if (is_among(kEndpointWords, word)) return gone(reason);
  if (refuses_message(response.status)) return rejected(reason);
  switch (response.status) {
    case 403:
    case 404:
    case 410:
      return gone(reason);
    default:
      return classify_status(response, now, reason);
  }
}

}  // namespace postrider::destinations
