// What kind of receiver an endpoint's URL is; see api.md, "Endpoints", and lib/destinations.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider {

enum class DestinationType : std::uint8_t {
  kWebhook,
  kSlack,
  kDiscord,
  kZapier,
  kIfttt,
  kAwsLambda,
  kGcpFunction,
};
[[nodiscard]] std::string_view to_string(DestinationType type);

/// Printable ASCII without spaces: two of them become header values as they are.
struct AwsCredentials {
  std::string access_key_id;
  std::string secret_access_key;  ///< secret
  std::string session_token;      ///< secret; empty = none

  bool operator==(const AwsCredentials&) const = default;
};

/// Requests are signed by AWS Signature Version 4.
struct SigV4Auth {
  AwsCredentials credentials;
  std::string region;  ///< empty = the one that the URL's host names

  bool operator==(const SigV4Auth&) const = default;
};

/// The parts of a Google service account's key file that say who asks for a token.
struct ServiceAccount {
  std::string client_email;
  std::string private_key;  ///< secret: PEM, PKCS #8, RSA
  std::string private_key_id;
  std::string token_uri;

  bool operator==(const ServiceAccount&) const = default;
};

/// Requests carry an ID token that Google issues to a service account.
struct OidcAuth {
  ServiceAccount service_account;
  std::string audience;   ///< empty = the function that the URL names
  std::string token_url;  ///< empty = the key file's `token_uri`

  bool operator==(const OidcAuth&) const = default;
};

struct Destination {
  DestinationType type = DestinationType::kWebhook;
  std::string message_template;     ///< of Slack and Discord: a jq program; empty = none
  std::vector<std::string> values;  ///< of IFTTT: jq programs of value1, value2 and value3
  std::optional<SigV4Auth> sigv4;   ///< of AWS Lambda; nothing = anybody may call it
  std::optional<OidcAuth> oidc;     ///< of Cloud Functions; likewise

  bool operator==(const Destination&) const = default;
};

/// Whether the URL of such a receiver is a credential: who knows it can post.
[[nodiscard]] bool has_secret_url(DestinationType type);

}  // namespace postrider
