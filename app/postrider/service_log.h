// Log lines for the start of a service.
#pragma once

#include <string_view>

#include "app/postrider/serve_options.h"

namespace postrider::cli {

/// Logs that the service listens at `url`, with its effective settings and without secrets.
void log_started(const ServeOptions& options, std::string_view url);

}  // namespace postrider::cli
