// Waits, for measurements that take time.
#pragma once

#include <poll.h>

#include "base/clock.h"

namespace postrider::bench {

inline void pause_for(Millis time) {
  static_cast<void>(::poll(nullptr, 0, static_cast<int>(time.count())));
}

}  // namespace postrider::bench
