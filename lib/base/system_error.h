// Converts failures of system calls to errors.
#pragma once

#include <string>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace postrider {

/// The error's context is `doing: <message of errno>`. `error` is errno right after the call.
[[nodiscard]] inline tl::unexpected<Error> fail_system(Errc code, std::string doing, int error) {
  doing += ": ";
  doing += std::generic_category().message(error);
  return fail(code, std::move(doing), error);
}

}  // namespace postrider
