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

/// Results of the preparation. The views are valid during the call.
struct RequestInputs {
  std::span<const std::string> outputs;  ///< output of each of destinations::programs_of()
  std::string_view token;                ///< empty if the destination needs none
};

/// Makes the body by the endpoint's destination, the headers, the signature over exactly that body
/// with the secrets that are valid at `now`, and the credentials. kInvalidArgument, with the reason
/// for people, if the outputs make no valid body, or if the stored signature scheme or secret
/// cannot be used by this version.
[[nodiscard]] Result<Request> make_request(
    const DueDelivery& due,
    const Endpoint& endpoint,
    const RequestInputs& inputs,
    const IdCodec& ids,
    const RequestOptions& options,
    WallTime now
);

}  // namespace postrider
