// Writer is the thread that runs all commands on the store.
#pragma once

#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "engine/engine.h"
#include "service/group_commit.h"

namespace postrider {

/// Called on the writer's thread. Must not wait for anything that the writer does.
class CommitListener {
 public:
  CommitListener() = default;
  CommitListener(const CommitListener&) = delete;
  CommitListener& operator=(const CommitListener&) = delete;
  virtual ~CommitListener() = default;

  /// Called after every group, before the callers of its commands get their results. When the group
  /// was not committed, `effects` is empty except for `owned`.
  virtual void committed(Effects effects, double commit_seconds, std::int64_t rows) = 0;
  /// Called when the store becomes writable or unwritable. It starts as writable.
  virtual void writable(bool writable) = 0;
};

/// Owns the only writing connection. The thread takes the queued commands, runs them in one
/// transaction and then answers all of them. So a batch grows by itself under load, and a single
/// command is committed at once.
///
/// The store counts as unwritable from the first command that fails with kUnavailable, and while
/// settlements could not be written. The writer then probes the store until a probe is committed,
/// so the service recovers without a new command.
///
/// All methods are thread-safe except start() and stop(), which only the owner calls.
class Writer {
 public:
  /// `clock` and `listener` outlive it.
  Writer(
      std::unique_ptr<Store> store,
      std::unique_ptr<StoreReader> reader,
      const Clock& clock,
      CommitListener& listener
  );
  ~Writer() { stop(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Reads the endpoints and starts the thread. Idempotent.
  [[nodiscard]] Status start();
  /// Refuses new commands, writes queued commands and settlements, and ends the thread. What cannot
  /// be written is dropped after one try, so the time is bounded. Idempotent.
  void stop();

  /// Runs `change` in the next group and returns its result after the commit. Returns kBusy if the
  /// queue is full, and kUnavailable if the disk is full or the writer is stopping. After an error
  /// nothing was changed, unless the outcome of the commit is unknown; see GroupCommit::run().
  /// `events` is the number of events that the command stores, or 1 for other commands; it limits
  /// the size of a group.
  template <class T>
  [[nodiscard]] Result<T> execute(
      std::function<Result<T>(WriteContext&)> change, std::size_t events = 1
  ) {
    std::optional<T> value;
    const Change keep_value = [&](WriteContext& context) -> Status {
      auto result = change(context);
      if (!result) return tl::unexpected(std::move(result).error());
      value = std::move(*result);
      return {};
    };
    auto status = execute(keep_value, events);
    if (!status) return tl::unexpected(std::move(status).error());
    return std::move(*value);
  }
  [[nodiscard]] Status execute(Change change, std::size_t events = 1);
  /// Queues `change` and does not wait for it. Drops it if the queue is full or the writer is
  /// stopping.
  void post(Change change);
  /// Queues an empty command: every group pulls the changes of other nodes when it begins.
  void refresh() {
    post([](WriteContext&) { return Status{}; });
  }

  /// Queues settlements. Never refuses them: their number is bounded by the requests in flight.
  /// Settlements that can wait are kept for a few milliseconds, because writing many together costs
  /// much less than writing each.
  void settle(std::vector<Settlement> settlements, Urgency urgency);

 private:
  struct Command {
    Change change;
    std::size_t events;
    std::promise<Status> done;
  };

  [[nodiscard]] Status enqueue(Command command);
  void run() noexcept;
  /// Waits for work and takes it. Returns false when the thread should end.
  bool wait_for_work(std::vector<Command>& commands);
  /// Removes the commands of one group from the queue.
  [[nodiscard]] std::vector<Command> take_commands() POSTRIDER_REQUIRES(mutex_);
  [[nodiscard]] bool has_work() const POSTRIDER_REQUIRES(mutex_);
  [[nodiscard]] bool settlements_are_due() const POSTRIDER_REQUIRES(mutex_);
  /// Sleeps until something is queued or settlements are due. Returns false if neither happened
  /// while the store is unwritable: then it is time to retry.
  bool sleep() POSTRIDER_REQUIRES(mutex_);
  void run_group(std::vector<Command> commands);
  /// Fails all queued commands with `why`. Detecting that the store is unwritable may take seconds;
  /// commands that were queued meanwhile should not wait that long again.
  void refuse_queued(const Status& why);
  [[nodiscard]] bool failed_slowly(const Status& status, MonoTime begun) const;
  void probe_when_due();
  /// Updates the writable state and the next probe after a group. `settled` says whether
  /// settlements were committed.
  void note(const GroupResult& result, bool settled);
  void tell_if_changed(std::string_view reason);

  const Clock& clock_;
  CommitListener& listener_;

  Mutex mutex_;
  CondVar ready_;
  std::deque<Command> commands_ POSTRIDER_GUARDED_BY(mutex_);
  std::vector<Settlement> settlements_ POSTRIDER_GUARDED_BY(mutex_);
  MonoTime settle_at_ POSTRIDER_GUARDED_BY(mutex_);  ///< deadline for writing settlements_
  bool stopping_ POSTRIDER_GUARDED_BY(mutex_) = false;

  // Owned by the writer's thread once it runs.
  std::unique_ptr<Store> store_;
  std::unique_ptr<StoreReader> reader_;
  GroupCommit group_;
  std::vector<Settlement> unwritten_;
  std::optional<MonoTime> probe_at_;  ///< set from a kUnavailable until a probe is committed
  bool writable_ = true;              ///< as last reported to the listener

  std::jthread thread_;
};

}  // namespace postrider
