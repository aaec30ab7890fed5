#include "signing/woocommerce.h"

#include <array>

#include "signing/body_hmac.h"

namespace postrider::signing {
namespace {

constexpr std::string_view kSource = "source";
constexpr std::array<MemberRule, 1> kRules = {{{.name = kSource}}};

void describe(const Message& message, const SignatureMembers& members, Headers& headers) {
  const std::string_view type = message.type;
  const std::string_view source = text_member(members, kSource);
  if (!source.empty()) headers.emplace_back("x-wc-webhook-source", source);
  headers.emplace_back("x-wc-webhook-topic", type);
  headers.emplace_back("x-wc-webhook-resource", type.substr(0, type.find('.')));
  headers.emplace_back("x-wc-webhook-event", type.substr(type.rfind('.') + 1));
  headers.emplace_back("x-wc-webhook-delivery-id", message.delivery_id);
}

}  // namespace

const Scheme& woocommerce() {
  static const BodyHmac kScheme{
      {.scheme = "woocommerce",
       .member_rules = kRules,
       .header = {.name = "x-wc-webhook-signature", .encoding = TextEncoding::kBase64},
       .describe = describe}};
  return kScheme;
}

}  // namespace postrider::signing
