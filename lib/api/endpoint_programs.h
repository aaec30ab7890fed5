// The jq programs of an endpoint.
#pragma once

#include "domain/endpoint.h"
#include "domain/field_error.h"
#include "jq/program_runner.h"

namespace postrider::api {

/// Compiles those programs of `config` that `before` does not have, null when there is none, and
/// adds what jq says of those that it does not take. kUnavailable when jq cannot be asked. Takes
/// tens of milliseconds for each: not for the writer's thread.
[[nodiscard]] Status check_programs(
    ProgramRunner& runner,
    const EndpointConfig& config,
    const EndpointConfig* before,
    FieldErrors& errors
);

}  // namespace postrider::api
