// OutboxWatcher is the thread that accepts the rows that producers insert into the SQL outbox.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"
#include "service/catalogue.h"
#include "service/emit.h"
#include "service/filtered_command.h"
#include "service/writer.h"
#include "store/change_watch.h"
#include "store/reader.h"

namespace postrider {

class OutboxWatcher {
 public:
  using CatalogueSource = std::function<std::shared_ptr<const Catalogue>()>;

  /// `writer` and the parts of `filters` outlive it; the program runner may end after stop().
  OutboxWatcher(
      std::unique_ptr<StoreReader> reader,
      std::unique_ptr<ChangeWatch> watch,
      Writer& writer,
      const FilterMeans& filters,
      CatalogueSource catalogue,
      std::size_t data_bytes_max
  );
  ~OutboxWatcher() { stop(); }
  OutboxWatcher(const OutboxWatcher&) = delete;
  OutboxWatcher& operator=(const OutboxWatcher&) = delete;

  /// Idempotent.
  void start();
  void stop();

  /// Returns whether the last read of the outbox succeeded. Thread-safe.
  [[nodiscard]] bool can_read() const;

 private:
  void run() noexcept;
  void look();
  void take_up_all();
  void note_failure(const Error& error);
  [[nodiscard]] bool stopping() const;

  Writer& writer_;
  const FilterMeans filters_;
  const CatalogueSource catalogue_;
  const EventLimits limits_;

  mutable Mutex mutex_;
  bool stopping_ POSTRIDER_GUARDED_BY(mutex_) = false;
  bool can_read_ POSTRIDER_GUARDED_BY(mutex_) = true;
  // Ends the pause between two reads. The pause keeps a busy database from causing a read per
  // commit.
  CondVar pause_;

  // Owned by the thread once it runs. Any thread may call the watch's wake().
  std::unique_ptr<StoreReader> reader_;
  std::unique_ptr<ChangeWatch> watch_;
  bool failed_ = false;

  std::jthread thread_;
};

}  // namespace postrider
