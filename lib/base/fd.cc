#include "base/fd.h"

#include <unistd.h>

namespace postrider {

void Fd::reset(int fd) {
  if (fd_ >= 0) static_cast<void>(::close(fd_));
  fd_ = fd;
}

}  // namespace postrider
