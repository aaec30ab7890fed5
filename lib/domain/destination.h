// The kind of receiver behind an endpoint's URL; see api.md, "Endpoints", and lib/destinations.
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

/// All members are printable ASCII without spaces: two of them become header values unchanged.
struct AwsCredentials {
  std::string access_key_id;
  std::string secret_access_key;  ///< secret
  std::string session_token;      ///< secret; empty = none

  bool operator==(const AwsCredentials&) const = default;
};

/// Requests are signed with AWS Signature Version 4.
struct SigV4Auth {
  AwsCredentials credentials;
  std::string region;  ///< empty = the region in the host of the URL

  bool operator==(const SigV4Auth&) const = default;
};

/// The members of a Google service account's key file that a token request needs.
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
  std::string audience;   ///< empty = the function at the URL
  std::string token_url;  ///< empty = the key file's `token_uri`

  bool operator==(const OidcAuth&) const = default;
};

struct Destination {
  DestinationType type = DestinationType::kWebhook;
  std::string message_template;     ///< Slack and Discord only: a jq program; empty = none
  std::vector<std::string> values;  ///< IFTTT only: jq programs of value1, value2 and value3
  std::optional<SigV4Auth> sigv4;   ///< AWS Lambda only; nullopt = requests are not authenticated
  std::optional<OidcAuth> oidc;  ///< Cloud Functions only; nullopt = requests are not authenticated

  bool operator==(const Destination&) const = default;
};

/// Whether the URL of such a receiver is a credential: anybody who knows it can post.
[[nodiscard]] bool has_secret_url(DestinationType type);

}  // namespace postrider
