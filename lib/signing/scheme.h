// How a request proves to its receiver who sent it: bytes in, headers out.
//
// A scheme is one file beside this one, and one line in scheme.cc.
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

/// What is signed at one attempt. The views need to live for the call only.
struct Message {
  std::string_view id;             ///< the event's public id: the same at every attempt
  std::int64_t timestamp_s = 0;    ///< Unix seconds of this attempt, not negative
  std::string_view body;           ///< the exact bytes that go out
  std::string_view type{};         ///< the event's
  std::string_view delivery_id{};  ///< the delivery's public id
  int attempt = 1;                 ///< of the delivery, from 1
};

/// In the order they are sent; names in lower case but for those that an owner chose.
using Headers = std::vector<std::pair<std::string, std::string>>;

struct Signed {
  Headers headers;
  std::optional<std::string> body{};  ///< what goes out instead of the message's
};

/// What one member of `signature` may be.
struct MemberRule {
  /// A prefix stands before a header's value, so it may end with a space.
  enum class Kind : std::uint8_t { kText, kPrefix, kFlag, kHeaderName, kHttpsUrl };

  std::string_view name;
  Kind kind = Kind::kText;
  bool required = false;
  std::string_view fallback{};                  ///< of a text that is left out
  std::span<const std::string_view> choices{};  ///< of a text; empty: any
};

/// A request as it arrived, to be verified. Header names in any case.
struct Received {
  std::span<const std::pair<std::string, std::string>> headers;
  std::string_view body;
  WallTime now;
  Millis tolerance{300'000};  ///< how old, or how far ahead, its timestamp may be
};

/// One way to sign. Immutable, thread-safe.
class Scheme {
 public:
  Scheme() = default;
  Scheme(const Scheme&) = delete;
  Scheme& operator=(const Scheme&) = delete;
  virtual ~Scheme() = default;

  /// `signature.scheme` of an endpoint.
  [[nodiscard]] virtual std::string_view name() const = 0;

  /// What stands beside `scheme`, in the order that it is told in.
  [[nodiscard]] virtual std::span<const MemberRule> member_rules() const { return {}; }

  [[nodiscard]] virtual std::string generate_secret() const = 0;

  /// kInvalidArgument with what is wrong, for people; never echoes the secret.
  [[nodiscard]] virtual Status check_secret(std::string_view secret) const = 0;

  /// What receivers check with; nothing when that is the secret itself, or when `secret` would not
  /// pass check_secret().
  [[nodiscard]] virtual std::optional<std::string> public_key(std::string_view secret) const;

  /// What signs `message`. There is at least one secret, the newest first. A scheme that holds one
  /// signature signs with the oldest: see held_secret(). `members` passed check_signature().
  /// kInvalidArgument when a secret would not pass check_secret().
  [[nodiscard]] virtual Result<Signed> sign(
      std::span<const std::string_view> secrets,
      const Message& message,
      const SignatureMembers& members
  ) const = 0;

  /// Whether `key` signed what was received, compared in constant time: the public key where the
  /// scheme has one, else the secret. kInvalidArgument with the reason when not.
  [[nodiscard]] virtual Status verify(
      std::string_view key, const Received& received, const SignatureMembers& members
  ) const = 0;
};

/// Of the valid ones, newest first, that by which a scheme with room for one signature signs: the
/// oldest. So a receiver has until it expires to learn the next one. There is at least one.
[[nodiscard]] inline std::string_view held_secret(std::span<const std::string_view> secrets) {
  POSTRIDER_ASSERT(!secrets.empty());
  return secrets.back();
}

/// The signature with what was left out, and `errors` under `/signature` when its scheme is unknown
/// or a member is missing, not one of the scheme's, or none that it takes.
[[nodiscard]] Signature check_signature(Signature given, FieldErrors& errors);

/// A member that passed check_signature(): a text that is left out is empty, a flag false.
[[nodiscard]] std::string_view text_member(const SignatureMembers& members, std::string_view name);
[[nodiscard]] bool flag_member(const SignatureMembers& members, std::string_view name);

/// The scheme of that name, owned by the program; null when there is none.
[[nodiscard]] const Scheme* find_scheme(std::string_view name);
/// In the order that they are told in.
[[nodiscard]] std::vector<std::string_view> scheme_names();

/// webhook-id and webhook-timestamp, which are sent with every scheme.
[[nodiscard]] Headers identify(const Message& message);

/// The value of the first header of that name, in any case; null when there is none.
[[nodiscard]] const std::string* find_header(
    std::span<const std::pair<std::string, std::string>> headers, std::string_view name
);

}  // namespace postrider::signing
