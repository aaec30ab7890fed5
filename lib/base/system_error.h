// Failures of system calls as errors.
#pragma once

#include <string>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace postrider {

/// `doing: what errno says`. `error` is errno as it was right after the call.
[[nodiscard]] inline tl::unexpected<Error> fail_system(Errc code, std::string doing, int error) {
  doing += ": ";
  doing += std::generic_category().message(error);
  return fail(code, std::move(doing), error);
}

}  // namespace postrider
