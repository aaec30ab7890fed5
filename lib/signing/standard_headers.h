// The common base of the versions of Standard Webhooks: an id, a timestamp and a list of signatures
// over `id.timestamp.body`.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

class StandardHeaders : public Scheme {
 public:
  struct Names {
    std::string_view scheme;
    std::string_view id;  ///< name of a header, as the following members
    std::string_view timestamp;
    std::string_view signature;
  };
  /// The signed content in its three parts.
  struct Content {
    std::string_view id;
    std::string_view timestamp;
    std::string_view body;
  };

  explicit StandardHeaders(const Names& names) : names_(names) {}

  [[nodiscard]] std::string_view name() const final { return names_.scheme; }
  [[nodiscard]] Result<Signed> sign(
      std::span<const std::string_view> secrets,
      const Message& message,
      const SignatureMembers& members
  ) const final;
  [[nodiscard]] Status verify(
      std::string_view key, const Received& received, const SignatureMembers& members
  ) const final;

 private:
  /// Returns one entry of the list: the version, a comma and the signature. Fails with
  /// kInvalidArgument when the secret would not pass check_secret().
  [[nodiscard]] virtual Result<std::string> entry(std::string_view secret, const Content& content)
      const = 0;
  /// Whether `key` made one of the entries. Other entries are ignored, because a sender may sign
  /// for several receivers. Fails with kInvalidArgument when the key is malformed.
  [[nodiscard]] virtual Result<bool> has_entry_of(
      std::string_view key, std::span<const std::string_view> entries, const Content& content
  ) const = 0;

  const Names names_;
};

}  // namespace postrider::signing
