// Kinds of receivers: what each is sent, and what its answers mean.
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

/// Names in lower case, with values.
using Headers = std::vector<std::pair<std::string, std::string>>;

/// What a receiver is sent, before it is signed.
struct Content {
  std::string body;
  std::string_view content_type;  ///< of static storage
  Headers headers;                ///< that go with the body and are not in it
};

/// What content is made of. Views live as long as the call.
struct Message {
  const Event& event;
  std::string_view event_id;  ///< the public id (evt_…)
  const EndpointConfig& config;
  std::span<const std::string> outputs;  ///< of programs_of(), in its order, as JSON
};

/// Immutable and thread-safe; there is one of each for the whole process.
class Provider {
 public:
  Provider() = default;
  Provider(const Provider&) = delete;
  Provider& operator=(const Provider&) = delete;
  virtual ~Provider() = default;

  /// For people: "Slack".
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// Whether requests carry the signature of the endpoint.
  [[nodiscard]] virtual bool is_signed() const { return true; }
  /// Where the endpoint's requests go.
  [[nodiscard]] virtual std::string url(const EndpointConfig& config) const { return config.url; }
  /// The value of `user-agent`; `own` is what everybody else gets.
  [[nodiscard]] virtual std::string user_agent(std::string_view own) const {
    return std::string{own};
  }
  /// The content of every attempt: the same message gives the same bytes. kInvalidArgument, with
  /// the reason for people, when the outputs make none.
  [[nodiscard]] virtual Result<Content> shape(const Message& message) const = 0;
  /// Headers that let the request in, over the body as it goes out.
  [[nodiscard]] virtual Headers authorize(
      const EndpointConfig& /*config*/,
      std::string_view /*content_type*/,
      std::string_view /*body*/,
      WallTime /*now*/
  ) const {
    return {};
  }
  /// What an answer means. `now` is what a date in Retry-After is measured from.
  [[nodiscard]] virtual Judgement judge(const Response& response, WallTime now) const = 0;
};

[[nodiscard]] const Provider& provider_of(DestinationType type);

/// The jq programs that have to run over the event before content() is called; most often none.
[[nodiscard]] std::vector<std::string> programs_of(const EndpointConfig& config);

/// The member that holds them: "transform", "template" or "values".
[[nodiscard]] std::string_view program_member(const EndpointConfig& config);

/// What the endpoint is sent: the output of its `transform`, or what its provider makes of the
/// message. Errors as Provider::shape().
[[nodiscard]] Result<Content> content(const Message& message);

/// Checks what the members of an endpoint have to do with its destination, and adds what is wrong.
/// Takes some 50 ms for a service account's key.
void check_destination(const EndpointConfig& config, FieldErrors& errors);

}  // namespace postrider::destinations
