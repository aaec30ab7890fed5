#include "signing/shopify.h"

#include <array>

#include "signing/body_hmac.h"

namespace postrider::signing {
namespace {

constexpr std::string_view kShopDomain = "shop_domain";
constexpr std::string_view kApiVersion = "api_version";
constexpr std::array<MemberRule, 2> kRules = {{
    {.name = kShopDomain, .required = true},
    {.name = kApiVersion, .fallback = "2025-10"},
}};

template <bool Prefixed>
void describe(const Message& message, const SignatureMembers& members, Headers& headers) {
  const auto add = [&](std::string_view name, std::string_view value) {
    headers.emplace_back(Prefixed ? "x-" + std::string{name} : std::string{name}, value);
  };
  add("shopify-topic", message.type);
  add("shopify-shop-domain", text_member(members, kShopDomain));
  add("shopify-api-version", text_member(members, kApiVersion));
  add("shopify-webhook-id", message.delivery_id);
  add("shopify-event-id", message.id);
}

}  // namespace

const Scheme& shopify() {
  static const BodyHmac kScheme{
      {.scheme = "shopify",
       .member_rules = kRules,
       .header = {.name = "x-shopify-hmac-sha256", .encoding = TextEncoding::kBase64},
       .describe = describe<true>}};
  return kScheme;
}

const Scheme& shopify_events() {
  static const BodyHmac kScheme{
      {.scheme = "shopify-events",
       .member_rules = kRules,
       .header = {.name = "shopify-hmac-sha256", .encoding = TextEncoding::kBase64},
       .describe = describe<false>}};
  return kScheme;
}

}  // namespace postrider::signing
