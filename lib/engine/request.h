// Makes the request of an attempt.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "domain/endpoint.h"
#include "domain/id.h"
#include "store/records.h"
#include "transport/transport.h"

namespace postrider {

/// What every request of the service shares. Immutable after construction.
struct RequestOptions {
  std::string user_agent;
  Millis timeout_default{15'000};
};

/// What had to be found out before the request could be made. Views live as long as the call.
struct RequestInputs {
  std::span<const std::string> outputs;  ///< of destinations::programs_of()
  std::string_view token;                ///< of a destination that asks for one
};

/// The content that the endpoint's destination makes, the headers of api.md §7, the signature over
/// exactly that body by the secrets that are valid at `now`, and what lets the request in.
/// kInvalidArgument, with the reason for people, when the outputs make no content or when the
/// endpoint cannot be signed for: its stored scheme or secret is one that this program cannot use.
[[nodiscard]] Result<Request> make_request(
    const DueDelivery& due,
    const Endpoint& endpoint,
    const RequestInputs& inputs,
    const IdCodec& ids,
    const RequestOptions& options,
    WallTime now
);

}  // namespace postrider
