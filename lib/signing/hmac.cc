#include "signing/hmac.h"

#include <array>

#include "signing/body_hmac.h"
#include "signing/text_secret.h"

namespace postrider::signing {
namespace {

constexpr std::string_view kHeader = "header";
constexpr std::string_view kAlgorithm = "algorithm";
constexpr std::string_view kEncoding = "encoding";
constexpr std::string_view kPrefix = "prefix";
constexpr std::array<std::string_view, 3> kAlgorithms = {"sha256", "sha512", "sha1"};
constexpr std::array<std::string_view, 2> kEncodings = {"hex", "base64"};
constexpr std::array<MemberRule, 4> kRules = {{
    {.name = kHeader, .kind = MemberRule::Kind::kHeaderName, .fallback = "X-Signature"},
    {.name = kAlgorithm, .fallback = "sha256", .choices = kAlgorithms},
    {.name = kEncoding, .fallback = "hex", .choices = kEncodings},
    {.name = kPrefix, .kind = MemberRule::Kind::kPrefix},
}};

crypto::HashKind hash_of(std::string_view algorithm) {
  if (algorithm == "sha1") return crypto::HashKind::kSha1;
  return algorithm == "sha512" ? crypto::HashKind::kSha512 : crypto::HashKind::kSha256;
}

HmacHeader header_of(const SignatureMembers& members) {
  const bool hex = text_member(members, kEncoding) == "hex";
  return {
      .name = text_member(members, kHeader),
      .hash = hash_of(text_member(members, kAlgorithm)),
      .prefix = text_member(members, kPrefix),
      .encoding = hex ? TextEncoding::kHex : TextEncoding::kBase64};
}

class Hmac final : public TextSecretScheme {
 public:
  [[nodiscard]] std::string_view name() const override { return "hmac"; }
  [[nodiscard]] std::span<const MemberRule> member_rules() const override { return kRules; }

  [[nodiscard]] Result<Signed> sign(
      std::span<const std::string_view> secrets,
      const Message& message,
      const SignatureMembers& members
  ) const override {
    const HmacHeader header = header_of(members);
    Headers headers = identify(message);
    headers.emplace_back(header.name, header.value(held_secret(secrets), message.body));
    return Signed{.headers = std::move(headers)};
  }

  [[nodiscard]] Status verify(
      std::string_view key, const Received& received, const SignatureMembers& members
  ) const override {
    if (auto fits = check_secret(key); !fits) return fits;
    return header_of(members).check(key, received);
  }
};

}  // namespace

const Scheme& hmac() {
  static const Hmac kScheme;
  return kScheme;
}

}  // namespace postrider::signing
