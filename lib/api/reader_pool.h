// Readers of the store for the threads that handle requests.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "store/reader.h"

namespace postrider::api {

/// Lends readers, each to one thread at a time. Opens as many as requests have run at once, which
/// the number of the server's threads limits. Thread-safe.
class ReaderPool {
 public:
  using Open = std::function<Result<std::unique_ptr<StoreReader>>()>;

  explicit ReaderPool(Open open) : open_(std::move(open)) {}

  /// Returns the reader when it is destroyed. The pool outlives it.
  class Lease {
   public:
    Lease(ReaderPool& pool, std::unique_ptr<StoreReader> reader)
        : pool_(&pool), reader_(std::move(reader)) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (reader_) pool_->give_back(std::move(reader_));
    }

    StoreReader* operator->() const { return reader_.get(); }

   private:
    ReaderPool* pool_;
    std::unique_ptr<StoreReader> reader_;
  };

  [[nodiscard]] Result<Lease> borrow();

 private:
  void give_back(std::unique_ptr<StoreReader> reader);

  const Open open_;
  Mutex mutex_;
  std::vector<std::unique_ptr<StoreReader>> idle_ POSTRIDER_GUARDED_BY(mutex_);
};

}  // namespace postrider::api
