#include <algorithm>
#include <array>
#include <utility>

#include "domain/destination_json.h"
#include "domain/endpoint_json.h"
#include "domain/header_rules.h"
#include "domain/json_members.h"
#include "domain/mask.h"
#include "domain/signature_json.h"

namespace postrider {
namespace {

using nlohmann::json;

/// Finds the member of `object` whose name equals `name` case-insensitively.
json::iterator find_header(json& object, std::string_view name) {
  auto at = object.begin();
  while (at != object.end() && !same_header_name(at.key(), name)) ++at;
  return at;
}

/// A header whose value comes back masked keeps its stored value. Any other header replaces the
/// stored header of that name, compared case-insensitively.
void merge_headers(json& target, const json& patch) {
  for (const auto& [name, value] : patch.items()) {
    const auto stored = find_header(target, name);
    if (stored != target.end()) {
      if (value == kMask) continue;
      target.erase(stored);
    }
    if (!value.is_null()) target[name] = value;
  }
}

/// Returns the member that selects one of the variants of an object.
const char* choice_of(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, const char*>, 4> kChoices = {
      {{"retry", "kind"}, {"auth", "kind"}, {"signature", "scheme"}, {"destination", "type"}}};
  for (const auto& [object, choice] : kChoices) {
    if (object == name) return choice;
  }
  return nullptr;
}

/// Whether `patch` selects another variant, so that the stored members no longer apply.
bool is_of_other_kind(const std::string& name, const json& member, const json& patch) {
  const char* const choice = choice_of(name);
  if (choice == nullptr) return false;
  const auto chosen = patch.find(choice);
  return chosen != patch.end() && member.contains(choice) && member[choice] != *chosen;
}

/// Merges by RFC 7396. The parser has bounded the depth of the body. `hides` says whether `target`
/// belongs to a destination, the only object that nests objects and contains masked members.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the body
void merge_member(json& target, const std::string& name, const json& patch, bool hides) {
  if (patch.is_null()) {
    target.erase(name);
    return;
  }
  if (!patch.is_object()) {
    if (!(hides && patch == kMask && target.contains(name))) target[name] = patch;
    return;
  }
  auto& member = target[name];
  if (!member.is_object()) member = json::object();
  if (name == "headers") return merge_headers(member, patch);
  if (is_of_other_kind(name, member, patch)) member = json::object();
  const bool hides_members = hides || name == "destination";
  for (const auto& [inner, value] : patch.items())
    merge_member(member, inner, value, hides_members);
}

}  // namespace

EndpointConfig patch_endpoint_config(
    const EndpointConfig& current,
    const nlohmann::json& patch,
    const UrlCheck& check_url,
    const EndpointDefaults& defaults,
    std::span<const std::string_view> taken,
    FieldErrors& errors
) {
  if (!patch.is_object()) {
    add_error(errors, "", "must be an object");
    return current;
  }
  json merged = endpoint_config_json(current);
  // Adds the defaults of both: a patch of some of their members keeps the others.
  merged["signature"] = signature_json(current.signature);
  merged["destination"] = destination_json(current.destination, Secrets::kShown);
  for (const auto& [name, value] : patch.items()) {
    // The merge drops a null, so parse_endpoint_config() would not report this unknown member.
    if (value.is_null() && !is_config_member(name) &&
        std::find(taken.begin(), taken.end(), name) == taken.end()) {
      add_error(errors, pointer_to("", name), "is not a member of an endpoint");
    }
    const bool is_shown_url = name == "url" && has_secret_url(current.destination.type) &&
                              value == masked_url(current.url);
    if (!is_shown_url) merge_member(merged, name, value, false);
  }
  auto config = parse_endpoint_config(merged, check_url, defaults, taken, errors);
  // Otherwise the masked URL would become visible to anybody who may change the endpoint.
  const bool is_shown = has_secret_url(current.destination.type) &&
                        !has_secret_url(config.destination.type) && config.url == current.url;
  if (is_shown)
    add_error(errors, "/url", "is a credential of the destination that it had: give a new one");
  return config;
}

}  // namespace postrider
