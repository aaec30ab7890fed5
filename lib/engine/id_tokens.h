// ID tokens for calling Google Cloud functions.
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

/// Caches tokens by service account and function. A token is returned until some minutes before it
/// expires. Owned by one thread.
class IdTokens {
 public:
  /// The cache key of the token that an endpoint with `oidc` needs. It contains a secret.
  [[nodiscard]] static std::string key_of(const EndpointConfig& config);

  /// Null when the token has to be requested.
  [[nodiscard]] const std::string* find(const std::string& key, WallTime now) const;
  /// Builds and signs the request for the token; signing takes about 1 ms of processor time.
  /// kInvalidArgument if the key of the service account cannot sign.
  [[nodiscard]] static Result<Request> make_request(const EndpointConfig& config, WallTime now);
  /// Stores the token of the response. The error says, for people, why there is none.
  [[nodiscard]] Status take(const std::string& key, const Response& response, WallTime now);
  /// Drops a token that a receiver rejected.
  void drop(const std::string& key, std::string_view token);

 private:
  std::unordered_map<std::string, destinations::IdToken> tokens_;
};

}  // namespace postrider
