// How a request proves to its receiver who sent it. Pure: bytes in, headers out.
//
// A scheme is one file beside this one, and one line in scheme.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace postrider::signing {

/// What is signed at one attempt. The views need to live for the call only.
struct Message {
  std::string_view id;           ///< the event's public id: the same at every attempt
  std::int64_t timestamp_s = 0;  ///< Unix seconds of this attempt, not negative
  std::string_view body;         ///< the exact bytes that go out
};

/// Names in lower case, in the order they are sent.
using Headers = std::vector<std::pair<std::string, std::string>>;

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

  [[nodiscard]] virtual std::string generate_secret() const = 0;

  /// kInvalidArgument with what is wrong, for people; never echoes the secret.
  [[nodiscard]] virtual Status check_secret(std::string_view secret) const = 0;

  /// The headers that sign `message`. Each secret passed check_secret; there is at least one, the
  /// newest first. A scheme that holds one signature signs with the newest.
  [[nodiscard]] virtual Headers sign(
      std::span<const std::string_view> secrets, const Message& message
  ) const = 0;

  /// Whether `secret` signed what was received, compared in constant time. kInvalidArgument with
  /// the reason when not.
  [[nodiscard]] virtual Status verify(std::string_view secret, const Received& received) const = 0;
};

/// The scheme of that name, owned by the program; null when there is none.
[[nodiscard]] const Scheme* find_scheme(std::string_view name);

/// The value of the first header of that name (lower case), in any case; null when there is none.
[[nodiscard]] const std::string* find_header(
    std::span<const std::pair<std::string, std::string>> headers, std::string_view name
);

}  // namespace postrider::signing
