// For programs that have no test to fail: an error ends them.
#pragma once

#include <stdexcept>
#include <utility>

#include "base/error.h"

namespace postrider::testing {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().context);
  return std::move(*result);
}

inline void must(const Status& status) {
  if (!status) throw std::runtime_error(status.error().context);
}

}  // namespace postrider::testing
