// Makes the request of an attempt.
#pragma once

#include <string>

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

/// The body in the endpoint's shape, the headers of api.md §7, and the signature over exactly that
/// body by the secrets that are valid at `now`. Asserts that the endpoint's scheme is known and
/// takes its secrets.
[[nodiscard]] Request make_request(
    const DueDelivery& due,
    const Endpoint& endpoint,
    const IdCodec& ids,
    const RequestOptions& options,
    WallTime now
);

}  // namespace postrider
