#include "signing/jira.h"

#include "signing/body_hmac.h"

namespace postrider::signing {
namespace {

void describe(const Message& message, const SignatureMembers& /*members*/, Headers& headers) {
  headers.emplace_back("x-atlassian-webhook-identifier", message.delivery_id);
}

}  // namespace

const Scheme& jira() {
  static const BodyHmac kScheme{
      {.scheme = "jira",
       .member_rules = {},
       .header = {.name = "x-hub-signature", .prefix = "sha256="},
       .describe = describe}};
  return kScheme;
}

}  // namespace postrider::signing
