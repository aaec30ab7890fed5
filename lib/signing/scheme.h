// Signature schemes: a scheme turns a message and its secrets into headers.
//
// To add a scheme, add a file in this folder and a line in scheme.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/clock.h"
#include "base/error.h"
#include "domain/field_error.h"
#include "domain/signature.h"

namespace postrider::signing {

/// The message of one attempt. The views need to be valid only during the call.
struct Message {
  std::string_view id;             ///< the event's public id, equal at every attempt
  std::int64_t timestamp_s = 0;    ///< Unix seconds of this attempt, not negative
  std::string_view body;           ///< the exact bytes that are sent
  std::string_view type{};         ///< the event's type
  std::string_view delivery_id{};  ///< the delivery's public id
  int attempt = 1;                 ///< number of the delivery's attempt, from 1
};

/// Headers in the order in which they are sent. Names are lower-case except those that an owner
/// chose.
using Headers = std::vector<std::pair<std::string, std::string>>;

struct Signed {
  Headers headers;
  std::optional<std::string> body{};  ///< the body to send instead of the message's
};

/// The rule for one member of `signature`.
struct MemberRule {
  /// A prefix is followed by the rest of a header's value, so it may end with a space.
  enum class Kind : std::uint8_t { kText, kPrefix, kFlag, kHeaderName, kHttpsUrl };

  std::string_view name;
  Kind kind = Kind::kText;
  bool required = false;
  std::string_view fallback{};                  ///< the value of a text that is missing
  std::span<const std::string_view> choices{};  ///< the values of a text; empty: any
};

/// A received request to verify. Header names may be in any case.
struct Received {
  std::span<const std::pair<std::string, std::string>> headers;
  std::string_view body;
  WallTime now;
  Millis tolerance{300'000};  ///< how far its timestamp may be in the past or the future
};

/// A signature scheme. Immutable, thread-safe.
class Scheme {
 public:
  Scheme() = default;
  Scheme(const Scheme&) = delete;
  Scheme& operator=(const Scheme&) = delete;
  virtual ~Scheme() = default;

  /// The value of an endpoint's `signature.scheme`.
  [[nodiscard]] virtual std::string_view name() const = 0;

  /// The rules for the members besides `scheme`, in the order of the documentation.
  [[nodiscard]] virtual std::span<const MemberRule> member_rules() const { return {}; }

  [[nodiscard]] virtual std::string generate_secret() const = 0;

  /// Fails with kInvalidArgument and an explanation for people that never echoes the secret.
  [[nodiscard]] virtual Status check_secret(std::string_view secret) const = 0;

  /// Returns the public key that receivers verify with; nullopt when they verify with the secret
  /// itself, or when `secret` would not pass check_secret().
  [[nodiscard]] virtual std::optional<std::string> public_key(std::string_view secret) const;

  /// Signs `message`. There is at least one secret; the newest is first. A scheme with room for one
  /// signature signs with the oldest secret: see held_secret(). `members` has passed
  /// check_signature(). Fails with kInvalidArgument when a secret would not pass check_secret().
  [[nodiscard]] virtual Result<Signed> sign(
      std::span<const std::string_view> secrets,
      const Message& message,
      const SignatureMembers& members
  ) const = 0;

  /// Checks in constant time that `key` signed the request. The key is the public key if the scheme
  /// has one, otherwise the secret. Fails with kInvalidArgument and the reason.
  [[nodiscard]] virtual Status verify(
      std::string_view key, const Received& received, const SignatureMembers& members
  ) const = 0;
};

/// Returns the secret with which a scheme with room for one signature signs: the oldest valid one,
/// so receivers have time until it expires to switch to the next one. `secrets` is not empty, and
/// the newest is first.
[[nodiscard]] inline std::string_view held_secret(std::span<const std::string_view> secrets) {
  POSTRIDER_ASSERT(!secrets.empty());
  return secrets.back();
}

/// Returns the signature with the defaults of missing members. Adds errors under `/signature` when
/// the scheme is unknown, or when a member is missing, unknown to the scheme or has a value that
/// the scheme does not accept.
[[nodiscard]] Signature check_signature(Signature given, FieldErrors& errors);

/// Returns a member that has passed check_signature(). A missing text is empty, a missing flag is
/// false.
[[nodiscard]] std::string_view text_member(const SignatureMembers& members, std::string_view name);
[[nodiscard]] bool flag_member(const SignatureMembers& members, std::string_view name);

/// Returns the scheme of that name; null when there is none. Schemes live as long as the program.
[[nodiscard]] const Scheme* find_scheme(std::string_view name);
/// The names in the order of the documentation.
[[nodiscard]] std::vector<std::string_view> scheme_names();

/// Returns webhook-id and webhook-timestamp, which every scheme sends.
[[nodiscard]] Headers identify(const Message& message);

/// Returns the value of the first header of that name, in any case; null when there is none.
[[nodiscard]] const std::string* find_header(
    std::span<const std::pair<std::string, std::string>> headers, std::string_view name
);

}  // namespace postrider::signing
