// Providers: what each kind of receiver is sent, and what its responses mean.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "domain/endpoint.h"
#include "domain/event.h"
#include "domain/outcome.h"

namespace postrider::destinations {

/// Header names in lower case, and values.
using Headers = std::vector<std::pair<std::string, std::string>>;

/// The content of a request before it is signed.
struct Content {
  std::string body;
  std::string_view content_type;  ///< has static storage duration
  Headers headers;                ///< sent in addition to the body
};

/// The input of the content. Views are valid during the call.
struct Message {
  const Event& event;
  std::string_view event_id;  ///< the public id (evt_…)
  const EndpointConfig& config;
  std::span<const std::string> outputs;  ///< outputs of programs_of(), in its order, as JSON
};

/// One kind of receiver. Immutable, thread-safe; there is one instance of each kind in the process.
class Provider {
 public:
  Provider() = default;
  Provider(const Provider&) = delete;
  Provider& operator=(const Provider&) = delete;
  virtual ~Provider() = default;

  /// Returns a name for people, such as "Slack".
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// Whether requests are signed with the signature scheme of the endpoint.
  [[nodiscard]] virtual bool is_signed() const { return true; }
  /// Returns the URL of the endpoint's requests.
  [[nodiscard]] virtual std::string url(const EndpointConfig& config) const { return config.url; }
  /// Returns the value of `user-agent`. `own` is Postrider's usual one.
  [[nodiscard]] virtual std::string user_agent(std::string_view own) const {
    return std::string{own};
  }
  /// Returns the content of every attempt: equal messages give equal bytes. Fails with
  /// kInvalidArgument and a reason for people when the programs' outputs give no valid content.
  [[nodiscard]] virtual Result<Content> shape(const Message& message) const = 0;
  /// Returns the headers that authorize the request, for the body as it is sent.
  [[nodiscard]] virtual Headers authorize(
      const EndpointConfig& /*config*/,
      std::string_view /*content_type*/,
      std::string_view /*body*/,
      WallTime /*now*/
  ) const {
    return {};
  }
  /// Classifies a response. A date in Retry-After is relative to `now`.
  [[nodiscard]] virtual Classification classify(const Response& response, WallTime now) const = 0;
};

[[nodiscard]] const Provider& provider_of(DestinationType type);

/// Returns the jq programs that must run over the event before content() is called; usually none.
[[nodiscard]] std::vector<std::string> programs_of(const EndpointConfig& config);

/// Returns the member that holds these programs: "transform", "template" or "values".
[[nodiscard]] std::string_view program_member(const EndpointConfig& config);

/// Returns the content for the endpoint: the output of its `transform`, or what its provider makes
/// of the message. Fails as Provider::shape() does.
[[nodiscard]] Result<Content> content(const Message& message);

/// Checks the members of an endpoint that depend on its destination, and adds errors. Takes about
/// 50 ms for a service account's key.
void check_destination(const EndpointConfig& config, FieldErrors& errors);

}  // namespace postrider::destinations
