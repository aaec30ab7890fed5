// The secrets of a service's endpoints, as a receiver needs them.
#pragma once

#include <string>
#include <vector>

#include "app/postrider/api.h"
#include "app/postrider/receiver.h"

namespace postrider::cli {

/// The keys of every endpoint whose URL has the host and port of `receiver`,
/// `http://127.0.0.1:9000`. After a rotation an endpoint has several. Endpoints that sign nothing
/// have none.
[[nodiscard]] Result<std::vector<ReceiverKey>> endpoint_keys(Api& api, const std::string& receiver);

}  // namespace postrider::cli
