#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace postrider {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
  static_cast<void>(
      std::fprintf(stderr, "postrider: assertion failed: %s (%s:%d)\n", condition, file, line)
  );
  std::abort();
}

}  // namespace postrider
