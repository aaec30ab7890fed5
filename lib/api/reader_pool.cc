#include "api/reader_pool.h"

namespace postrider::api {

Result<ReaderPool::Lease> ReaderPool::borrow() {
  {
    const MutexLock lock(mutex_);
    if (!idle_.empty()) {
      // The one used last: its pages are the warmest.
      auto reader = std::move(idle_.back());
      idle_.pop_back();
      return Lease(*this, std::move(reader));
    }
  }
  auto opened = open_();
  if (!opened) return tl::unexpected(std::move(opened).error());
  return Lease(*this, std::move(*opened));
}

void ReaderPool::give_back(std::unique_ptr<StoreReader> reader) {
  const MutexLock lock(mutex_);
  idle_.push_back(std::move(reader));
}

}  // namespace postrider::api
