// The jq programs of an endpoint.
#pragma once

#include "domain/endpoint.h"
#include "domain/field_error.h"
#include "jq/program_runner.h"

namespace postrider::api {

/// Compiles the jq programs of `config` that differ from those of `before`, which is null for a new
/// endpoint, and adds jq's message for each that does not compile. kUnavailable if jq cannot be
/// run. Each takes tens of milliseconds, so it must not run on the writer's thread.
[[nodiscard]] Status check_programs(
    ProgramRunner& runner,
    const EndpointConfig& config,
    const EndpointConfig* before,
    FieldErrors& errors
);

}  // namespace postrider::api
