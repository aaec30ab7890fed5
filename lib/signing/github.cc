#include "signing/github.h"

#include <array>

#include "signing/body_hmac.h"

namespace postrider::signing {
namespace {

constexpr std::string_view kSha1 = "sha1";
constexpr std::array<MemberRule, 1> kRules = {{{.name = kSha1, .kind = MemberRule::Kind::kFlag}}};
constexpr HmacHeader kSignature{.name = "x-hub-signature-256", .prefix = "sha256="};
constexpr HmacHeader kLegacySignature{
    .name = "x-hub-signature", .hash = crypto::HashKind::kSha1, .prefix = "sha1="};

void describe(const Message& message, const SignatureMembers& /*members*/, Headers& headers) {
  headers.emplace_back("x-github-event", message.type);
  headers.emplace_back("x-github-delivery", message.delivery_id);
}

void countersign(
    std::string_view secret,
    std::string_view body,
    const SignatureMembers& members,
    Headers& headers
) {
  if (!flag_member(members, kSha1)) return;
  headers.emplace_back(kLegacySignature.name, kLegacySignature.value(secret, body));
}

}  // namespace

const Scheme& github() {
  static const BodyHmac kScheme{
      {.scheme = "github",
       .member_rules = kRules,
       .header = kSignature,
       .describe = describe,
       .countersign = countersign}};
  return kScheme;
}

}  // namespace postrider::signing
