// The ID tokens with which functions of Google's cloud are called.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/error.h"
#include "destinations/google_token.h"
#include "domain/endpoint.h"
#include "transport/transport.h"

namespace postrider {

/// Tokens by who asks for which function. A token is given out until some minutes before it
/// expires. Owned by one thread.
class IdTokens {
 public:
  /// Says which token an endpoint with `oidc` needs. Holds its key: secret.
  [[nodiscard]] static std::string key_of(const EndpointConfig& config);

  /// Null when it has to be asked for.
  [[nodiscard]] const std::string* find(const std::string& key, WallTime now) const;
  /// The request that asks for it. Takes a millisecond. kInvalidArgument when the key of the
  /// service account cannot sign.
  [[nodiscard]] static Result<Request> make_request(const EndpointConfig& config, WallTime now);
  /// Takes the answer to it. The error says, for people, why it brings no token.
  [[nodiscard]] Status take(const std::string& key, const Response& response, WallTime now);
  /// A receiver does not take this one any more.
  void drop(const std::string& key, std::string_view token);

 private:
  std::unordered_map<std::string, destinations::IdToken> tokens_;
};

}  // namespace postrider
