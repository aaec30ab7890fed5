#include "service/node_messages.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <utility>

#include "json/json_writer.h"
#include "json/raw_json.h"
#include "store/node_channel.h"

namespace postrider {
namespace {

// A message is an array of items. An item is an array of its kind, an endpoint, a delivery and an
// optional ordering key.
constexpr std::string_view kReadAgain = "a";  // endpoint
constexpr std::string_view kFree = "f";       // endpoint, delivery
constexpr std::string_view kAppended = "l";   // endpoint, delivery, ordering key
constexpr std::string_view kChanged = "c";    // endpoint, delivery, ordering key if any
constexpr std::string_view kProbe = "p";      // endpoint, delivery
constexpr std::string_view kAllAgain = "all";

/// If there would be more messages than this, fewer and coarser ones replace them.
constexpr std::size_t kMessagesMax = 32;

struct Item {
  std::string_view what;
  EndpointId endpoint{};
  DeliveryId delivery{};
  std::optional<std::string> line{};
};

std::vector<Item> items_of(const News& news) {
  std::vector<Item> items;
  for (const EndpointId endpoint : news.resync_endpoints)
    items.push_back({.what = kReadAgain, .endpoint = endpoint});
  for (const auto& [delivery, endpoint] : news.appended_free)
    items.push_back({.what = kFree, .endpoint = endpoint, .delivery = delivery});
  for (const auto& [delivery, endpoint, line] : news.appended)
    items.push_back({kAppended, endpoint, delivery, line});
  for (const auto& [delivery, endpoint, line] : news.deliveries_changed)
    items.push_back({kChanged, endpoint, delivery, line});
  for (const auto& [delivery, endpoint] : news.probes)
    items.push_back({.what = kProbe, .endpoint = endpoint, .delivery = delivery});
  if (news.all_again) items.push_back({.what = kAllAgain});
  return items;
}

std::string encode(const Item& item) {
  std::string text;
  json::JsonArray array(text);
  json::append_json_string(array.next(), item.what);
  array.next() += std::to_string(item.endpoint.value);
  array.next() += std::to_string(item.delivery.value);
  if (item.line) json::append_json_string(array.next(), *item.line);
  array.end();
  return text;
}

std::optional<std::int64_t> read_number(const json::RawValue& value) {
  std::int64_t number = 0;
  const char* const end = value.text.data() + value.text.size();
  const auto [stop, error] = std::from_chars(value.text.data(), end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

std::optional<Item> read_item(const json::RawDocument& document, std::uint32_t at) {
  std::vector<const json::RawValue*> parts;
  for (std::uint32_t i = at + 1; i < document.values[at].end; i = document.values[i].end)
    parts.push_back(&document.values[i]);
  const bool has_line = parts.size() == 4;
  if (parts.size() != 3 && !has_line) return std::nullopt;
  if (parts[0]->kind != json::Kind::kString) return std::nullopt;
  if (has_line && parts[3]->kind != json::Kind::kString) return std::nullopt;
  const auto endpoint = read_number(*parts[1]);
  const auto delivery = read_number(*parts[2]);
  if (!endpoint || !delivery) return std::nullopt;
  const std::string what = json::decode_string(parts[0]->text);
  for (const std::string_view known : {kReadAgain, kFree, kAppended, kChanged, kProbe, kAllAgain}) {
    if (what != known) continue;
    Item item{.what = known, .endpoint = {*endpoint}, .delivery = {*delivery}};
    if (has_line) item.line = json::decode_string(parts[3]->text);
    return item;
  }
  // A later version sends kinds of items that this version does not know. Resync their endpoint.
  return Item{.what = kReadAgain, .endpoint = {*endpoint}};
}

void take(Item item, News& news) {
  if (item.what == kReadAgain) news.resync_endpoints.push_back(item.endpoint);
  if (item.what == kFree) news.appended_free.emplace_back(item.delivery, item.endpoint);
  if (item.what == kAppended)
    news.appended.push_back({item.delivery, item.endpoint, item.line.value_or("")});
  if (item.what == kChanged)
    news.deliveries_changed.push_back({item.delivery, item.endpoint, std::move(item.line)});
  if (item.what == kProbe) news.probes.emplace_back(item.delivery, item.endpoint);
  if (item.what == kAllAgain) news.all_again = true;
}

std::vector<std::string> encode_all(const News& news) {
  std::vector<std::string> messages;
  std::string message;
  for (const Item& item : items_of(news)) {
    const std::string text = encode(item);
    if (!message.empty() && message.size() + text.size() + 2 > kNodeMessageBytesMax)
      messages.push_back(std::exchange(message, {}) + ']');
    message += message.empty() ? '[' : ',';
    message += text;
  }
  if (!message.empty()) messages.push_back(message + ']');
  return messages;
}

/// Returns `news` with a resync of the endpoint in place of each appended delivery.
News briefly(const News& news) {
  News brief;
  std::set<EndpointId> endpoints{news.resync_endpoints.begin(), news.resync_endpoints.end()};
  for (const auto& [delivery, endpoint] : news.appended_free) endpoints.insert(endpoint);
  for (const auto& one : news.appended) endpoints.insert(one.endpoint);
  brief.resync_endpoints.assign(endpoints.begin(), endpoints.end());
  brief.deliveries_changed = news.deliveries_changed;
  brief.probes = news.probes;
  brief.all_again = news.all_again;
  return brief;
}

}  // namespace

News news_for_others(const Effects& effects) {
  News news;
  const auto is_others = [&](EndpointId endpoint) {
    return !effects.owned.test(partition_of(endpoint));
  };
  for (const auto& [delivery, event] : effects.fresh) {
    if (!is_others(delivery.endpoint)) continue;
    if (delivery.lane_key) {
      news.appended.push_back({delivery.id, delivery.endpoint, *delivery.lane_key});
    } else {
      news.appended_free.emplace_back(delivery.id, delivery.endpoint);
    }
  }
  for (const EndpointId endpoint : effects.resync_endpoints) {
    if (is_others(endpoint)) news.resync_endpoints.push_back(endpoint);
  }
  for (const auto& changed : effects.deliveries_changed) {
    if (is_others(changed.endpoint)) news.deliveries_changed.push_back(changed);
  }
  for (const auto& [delivery, endpoint] : effects.probes) {
    if (is_others(endpoint)) news.probes.emplace_back(delivery, endpoint);
  }
  return news;
}

bool says_anything(const News& news) {
  return news.all_again || !news.resync_endpoints.empty() || !news.appended_free.empty() ||
         !news.appended.empty() || !news.deliveries_changed.empty() || !news.probes.empty();
}

std::vector<std::string> encode_messages(const News& news) {
  auto messages = encode_all(news);
  if (messages.size() > kMessagesMax) messages = encode_all(briefly(news));
  if (messages.size() <= kMessagesMax) return messages;
  News everything;
  everything.all_again = true;
  return encode_all(everything);
}

Result<News> decode_message(std::string_view message) {
  const auto document = json::parse_raw(message, {.levels = 2});
  if (!document) return tl::unexpected<Error>(document.error());
  const auto& values = document->values;
  if (values[0].kind != json::Kind::kArray || document->truncated)
    return fail(Errc::kInvalidArgument, "not a message of a node");
  News news;
  for (std::uint32_t i = 1; i < values[0].end; i = values[i].end) {
    auto item = read_item(*document, i);
    if (!item) return fail(Errc::kInvalidArgument, "not a message of a node");
    take(std::move(*item), news);
  }
  return news;
}

}  // namespace postrider
