// The log lines of a service's start and stop.
#pragma once

#include <string_view>

#include "app/postrider/serve_options.h"

namespace postrider::cli {

/// Says that the service serves at `url`, with its effective settings. No secret is in it.
void log_started(const ServeOptions& options, std::string_view url);

}  // namespace postrider::cli
