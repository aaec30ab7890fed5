// The keys with which a receiver verifies the webhooks of a service's endpoints.
#pragma once

#include <string>
#include <vector>

#include "app/postrider/api.h"
#include "app/postrider/receiver.h"

namespace postrider::cli {

/// Returns the keys of all endpoints whose URL has the host and port of `receiver`, such as
/// `http://127.0.0.1:9000`. An endpoint has several keys after a rotation. Endpoints without
/// signatures have none.
[[nodiscard]] Result<std::vector<ReceiverKey>> endpoint_keys(Api& api, const std::string& receiver);

}  // namespace postrider::cli
