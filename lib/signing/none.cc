#include "signing/none.h"

#include "signing/standard.h"

namespace postrider::signing {
namespace {

class None final : public Scheme {
 public:
  [[nodiscard]] std::string_view name() const override { return "none"; }
  /// The secret is also valid in most other schemes.
  [[nodiscard]] std::string generate_secret() const override {
    return standard().generate_secret();
  }
  /// Accepts the secrets of all other schemes.
  [[nodiscard]] Status check_secret(std::string_view secret) const override {
    if (!secret.empty()) return {};
    return fail(Errc::kInvalidArgument, "secret must not be empty");
  }
  [[nodiscard]] Result<Signed> sign(
      std::span<const std::string_view> /*secrets*/,
      const Message& message,
      const SignatureMembers& /*members*/
  ) const override {
    return Signed{.headers = identify(message)};
  }
  [[nodiscard]] Status verify(
      std::string_view /*key*/, const Received& /*received*/, const SignatureMembers& /*members*/
  ) const override {
    return fail(Errc::kInvalidArgument, "the scheme none signs nothing that could be verified");
  }
};

}  // namespace

const Scheme& none() {
  static const None kScheme;
  return kScheme;
}

}  // namespace postrider::signing
