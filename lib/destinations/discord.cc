#include "destinations/discord.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "destinations/chat_body.h"
#include "destinations/classification.h"
#include "destinations/text.h"

namespace postrider::destinations {
namespace {

constexpr std::size_t kContentMax = 2000;
constexpr std::array<ListLimit, 2> kDiscordLists = {{{"/embeds", 10}, {"/embeds/*/fields", 25}}};
constexpr std::array<TextLimit, 8> kDiscordTexts = {
    {{"/content", kContentMax},
     {"/username", 80},
     {"/embeds/*/title", 256},
     {"/embeds/*/description", 4096},
     {"/embeds/*/fields/*/name", 256},
     {"/embeds/*/fields/*/value", 1024},
     {"/embeds/*/footer/text", 2048},
     {"/embeds/*/author/name", 256}}};

/// Escapes Discord's formatting.
std::string escaped_markdown(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view{"\\*_~`|>#-[]()<@:"}.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

constexpr Chat kDiscord{
    .text_member = "content",
    .texts = kDiscordTexts,
    .lists = kDiscordLists,
    .bold = "**",
    .bullet = "- ",
    .escaped = escaped_markdown,
    .readable_max = kContentMax};

/// The remainder of the number of characters that all embeds of a message share.
class EmbedAllowance {
 public:
  [[nodiscard]] bool is_used_up() const { return left_ == 0; }

  /// Truncates a text of `object` to the remainder.
  void take(nlohmann::json& object, const char* name) {
    const auto text = object.find(name);
    if (text == object.end() || !text->is_string()) return;
    *text = cut(text->get_ref<const std::string&>(), left_);
    left_ -= text_length(text->get_ref<const std::string&>());
  }

  void take_embed(nlohmann::json& embed) {
    take(embed, "title");
    take(embed, "description");
    if (const auto footer = embed.find("footer"); footer != embed.end() && footer->is_object())
      take(*footer, "text");
    if (const auto author = embed.find("author"); author != embed.end() && author->is_object())
      take(*author, "name");
    const auto fields = embed.find("fields");
    if (fields != embed.end() && fields->is_array()) take_fields(*fields);
  }

 private:
  /// Truncates fields to the remainder. When it is used up, removes the other fields, because
  /// Discord rejects a field without a name or a value.
  void take_fields(nlohmann::json& fields) {
    for (auto field = fields.begin(); field != fields.end(); ++field) {
      if (!field->is_object()) continue;
      take(*field, "name");
      const bool has_room = !is_used_up();
      take(*field, "value");
      if (has_room) continue;
      fields.erase(field, fields.end());
      return;
    }
  }

  std::size_t left_ = 6000;
};

void cut_embeds(nlohmann::json& body) {
  const auto embeds = body.find("embeds");
  if (embeds == body.end() || !embeds->is_array()) return;
  EmbedAllowance allowance;
  for (auto embed = embeds->begin(); embed != embeds->end(); ++embed) {
    if (allowance.is_used_up()) {
      embeds->erase(embed, embeds->end());
      return;
    }
    if (embed->is_object()) allowance.take_embed(*embed);
  }
}

/// Converts seconds with decimals; nullopt if the number is negative or not a number.
std::optional<Millis> waiting_time(double seconds) {
  if (!(seconds >= 0)) return std::nullopt;
  const double ms = std::ceil(seconds * 1000);
  return Millis{std::min<std::int64_t>(
      ms < 1e12 ? static_cast<std::int64_t>(ms) : limits::kRetryAfterMsMax, limits::kRetryAfterMsMax
  )};
}

std::optional<Millis> parse_seconds(std::string_view text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return waiting_time(seconds);
}

/// The error object of the API; empty when the body has another form.
struct ApiError {
  std::string words;
  std::optional<Millis> retry_after;
  bool is_global = false;
};
ApiError read_error(std::string_view body) {
  ApiError error;
  const nlohmann::json object = nlohmann::json::parse(body, nullptr, false);
  if (!object.is_object()) return error;
  const auto code = object.find("code");
  if (code != object.end() && code->is_number_integer()) error.words = code->dump() + " ";
  const auto message = object.find("message");
  if (message != object.end() && message->is_string())
    error.words += message->get_ref<const std::string&>();
  const auto wait = object.find("retry_after");
  if (wait != object.end() && wait->is_number())
    error.retry_after = waiting_time(wait->get<double>());
  const auto global = object.find("global");
  error.is_global = global != object.end() && *global == true;
  return error;
}

Classification classify_limit(const Response& response, WallTime now, const ApiError& error) {
  Classification classification = throttled(response, now, words_of("Discord", error.words));
  // The header has whole seconds, the body has fractions of a second.
  classification.retry_after = std::max(classification.retry_after, error.retry_after);
  if (!classification.retry_after)
    classification.retry_after = parse_seconds(response.rate_limit.reset_after);
  classification.throttles_host = error.is_global || response.rate_limit.scope == "global" ||
                                  response.rate_limit.global == "true";
  return classification;
}

}  // namespace

std::string Discord::url(const EndpointConfig& config) const {
  const std::string& url = config.url;
  const std::size_t query = url.find('?');
  if (query == std::string::npos) return url + "?wait=true";
  const std::string parameters = "&" + url.substr(query + 1);
  return parameters.find("&wait=") == std::string::npos ? url + "&wait=true" : url;
}

std::string Discord::user_agent(std::string_view own) const {
  const std::size_t slash = own.find('/');
  const std::string_view version = slash == std::string_view::npos ? "1" : own.substr(slash + 1);
  return "DiscordBot (https://postrider.example, " + std::string{version} + ")";
}

Result<Content> Discord::shape(const Message& message) const {
  auto body = chat_body(message, kDiscord);
  if (!body) return tl::unexpected(std::move(body).error());
  if (!body->contains("allowed_mentions"))
    (*body)["allowed_mentions"] = {{"parse", nlohmann::json::array()}};
  cut_embeds(*body);
  return json_content(*body);
}

Classification Discord::classify(const Response& response, WallTime now) const {
  if (!is_answered(response)) return classify_status(response, now);
  if (response.status >= 200 && response.status <= 299) {
    Classification classification = delivered();
    if (response.rate_limit.remaining == "0")
      classification.retry_after = parse_seconds(response.rate_limit.reset_after);
    return classification;
  }
  const ApiError error = read_error(response.body);
  const std::string reason = words_of(name(), error.words);
  if (refuses_message(response.status)) return rejected(reason);
  switch (response.status) {
    case 403:
      return rejected(reason);
    case 401:
    case 404:
    case 410:
      return gone(reason);
    case 429:
      return classify_limit(response, now, error);
    default:
      return classify_status(response, now, reason);
  }
}

}  // namespace postrider::destinations
