#include "service/outbox_watcher.h"

#include <utility>

#include "base/limits.h"
#include "base/log.h"

namespace postrider {
namespace {

/// The longest time between two reads, in case the watch misses a write.
constexpr Millis kPoll{1000};
/// The shortest time between two reads. A row is still accepted within 50 ms.
constexpr Millis kPause{20};

}  // namespace

OutboxWatcher::OutboxWatcher(
    std::unique_ptr<StoreReader> reader,
    std::unique_ptr<ChangeWatch> watch,
    Writer& writer,
    const FilterMeans& filters,
    CatalogueSource catalogue,
    std::size_t data_bytes_max
)
    : writer_(writer),
      filters_(filters),
      catalogue_(std::move(catalogue)),
      limits_{data_bytes_max},
      reader_(std::move(reader)),
      watch_(std::move(watch)) {}

void OutboxWatcher::start() {
  if (!thread_.joinable()) thread_ = std::jthread([this] { run(); });
}

void OutboxWatcher::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  pause_.notify_all();
  watch_->wake();
  if (thread_.joinable()) thread_.join();
}

bool OutboxWatcher::stopping() const {
  const MutexLock lock(mutex_);
  return stopping_;
}

bool OutboxWatcher::can_read() const {
  const MutexLock lock(mutex_);
  return can_read_;
}

void OutboxWatcher::run() noexcept {
  while (!stopping()) {
    look();
    static_cast<void>(watch_->wait(kPoll));  // look() runs after a timeout, too
    const MutexLock lock(mutex_);
    if (!stopping_) static_cast<void>(pause_.wait_for(mutex_, kPause));
  }
}

void OutboxWatcher::look() {
  const auto waiting = reader_->outbox_waiting();
  {
    const MutexLock lock(mutex_);
    can_read_ = waiting.has_value();
  }
  if (!waiting) return note_failure(waiting.error());
  // After a failure rows may be left that no new write makes the watch report.
  if (failed_ || *waiting) take_up_all();
}

void OutboxWatcher::note_failure(const Error& error) {
  if (!failed_) log::warning("cannot read the SQL outbox", {{"reason", error.context}});
  failed_ = true;
}

void OutboxWatcher::take_up_all() {
  Filtering filtering;
  while (!stopping()) {
    const auto catalogue = catalogue_();
    auto taken = writer_.execute<std::size_t>([&](WriteContext& context) -> Result<std::size_t> {
      if (!context.leads()) return std::size_t{0};
      return take_up_outbox(context, *catalogue, limits_, limits::kChunkRowsMax, filtering);
    });
    const bool waits = taken && filtering.needs_any();
    if (waits) {
      if (auto ran = filtering.run(filters_.runner, filters_.clock); !ran)
        taken = tl::unexpected(std::move(ran).error());
    } else {
      filtering = {};
    }
    if (!taken) {
      // The rows stay in the outbox. The next read tries them again.
      return note_failure(taken.error());
    }
    failed_ = false;
    if (!waits && *taken < limits::kChunkRowsMax) return;
  }
}

}  // namespace postrider
