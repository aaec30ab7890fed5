#include "app/postrider/endpoint_keys.h"

#include <string_view>
#include <utility>

#include "app/postrider/json_view.h"

namespace postrider::cli {
namespace {

/// Whether `url` is `base`, or has a path or a query after it.
bool is_below(std::string_view url, std::string_view base) {
  if (!url.starts_with(base)) return false;
  const std::string_view rest = url.substr(base.size());
  return rest.empty() || rest.front() == '/' || rest.front() == '?';
}

/// Converts an object such as `{"scheme":"stripe", ...}` to flags.
SchemeFlags scheme_flags(const JsonView& signature) {
  SchemeFlags flags;
  for (const auto& [name, value] : signature.members()) {
    if (value.is_null()) continue;
    if (name == "scheme") {
      flags.scheme = value.text();
    } else {
      flags.members.push_back(name + "=" + value.text());
    }
  }
  return flags;
}

Status add_keys(Api& api, const JsonView& endpoint, std::vector<ReceiverKey>& keys) {
  const SchemeFlags flags = scheme_flags(endpoint["signature"]);
  if (flags.scheme == "none") return {};
  const auto scheme = chosen_scheme(flags);
  if (!scheme) return tl::unexpected<Error>(scheme.error());
  const auto answer = api.call("GET", path_of("endpoints", endpoint["id"].text(), "secret"));
  if (!answer) return tl::unexpected<Error>(answer.error());
  const JsonView secrets(*answer);
  std::vector<std::string> values{secrets["secret"].text()};
  for (const JsonView& previous : secrets["previous"].elements())
    values.push_back(previous["secret"].text());
  for (const std::string& value : values) {
    auto key = scheme->receivers_key(value);
    if (!key) return tl::unexpected<Error>(std::move(key).error());
    keys.push_back({*scheme, std::move(*key)});
  }
  return {};
}

}  // namespace

Result<std::vector<ReceiverKey>> endpoint_keys(Api& api, const std::string& receiver) {
  std::vector<ReceiverKey> keys;
  std::optional<std::string> cursor;
  do {
    Query query;
    query.add("limit", "250");
    query.add("cursor", cursor);
    const auto page = api.call("GET", query.on("/v1/endpoints"));
    if (!page) return tl::unexpected<Error>(page.error());
    const JsonView view(*page);
    for (const JsonView& endpoint : view["data"].elements()) {
      if (!is_below(endpoint["url"].text(), receiver)) continue;
      if (auto added = add_keys(api, endpoint, keys); !added)
        return tl::unexpected<Error>(std::move(added).error());
    }
    cursor = view["next_cursor"].text();
  } while (!cursor->empty());
  return keys;
}

}  // namespace postrider::cli
