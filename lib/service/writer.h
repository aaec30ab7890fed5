// The thread that writes.
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

/// Told of every commit before those who wait for it, on the writer's thread. Must not wait for
/// anything the writer does.
class CommitListener {
 public:
  CommitListener() = default;
  CommitListener(const CommitListener&) = delete;
  CommitListener& operator=(const CommitListener&) = delete;
  virtual ~CommitListener() = default;

  virtual void committed(Effects effects, double commit_seconds, std::int64_t rows) = 0;
  /// Whether the store can be written; told when it changes. It begins as true.
  virtual void writable(bool writable) = 0;
};

/// Owns the only writing connection. Takes what is queued, runs it as one transaction, answers all
/// of it: a batch grows by itself under load, and a lone change is committed at once.
///
/// The store counts as unwritable from the first change that fails with kUnavailable, and while
/// settlements could not be written. Then the writer probes it by itself until a probe is
/// committed: nobody needs to ask for a change for the service to recover.
///
/// Thread-safe but for start() and stop(), which belong to the owner.
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
  /// Refuses new commands, writes what is queued and ends the thread. Idempotent. Bounded: what
  /// cannot be written then is given up after one try.
  void stop();

  /// Runs `change` in the next group and returns its result once that is committed. kBusy: the
  /// queue is full; kUnavailable: there is no space, or the writer is stopping. In every case of an
  /// error nothing was changed. `events`: those that it stores, 1 when it is something else; a
  /// group is closed when it has enough of them.
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
  /// The same for who does not wait for it. Dropped when the queue is full.
  void post(Change change);
  /// Has it look for what other nodes have changed, as every group does when it begins.
  void refresh() {
    post([](WriteContext&) { return Status{}; });
  }

  /// Queues settlements. Never refused: their number is bounded by the requests in flight. Those
  /// that nothing waits for may wait a few milliseconds for more of them: writing many together
  /// costs much less than writing each.
  void settle(std::vector<Settlement> settlements, Urgency urgency);

 private:
  struct Command {
    Change change;
    std::size_t events;
    std::promise<Status> done;
  };

  [[nodiscard]] Status enqueue(Command command);
  void run() noexcept;
  /// False when the thread shall end.
  bool wait_for_work(std::vector<Command>& commands);
  /// Takes the commands of one group off the queue.
  [[nodiscard]] std::vector<Command> take_commands() POSTRIDER_REQUIRES(mutex_);
  [[nodiscard]] bool has_work() const POSTRIDER_REQUIRES(mutex_);
  [[nodiscard]] bool settlements_are_due() const POSTRIDER_REQUIRES(mutex_);
  /// Sleeps until somebody queues something or settlements are due; false when it was neither, and
  /// what could not be written is to be tried again.
  bool sleep() POSTRIDER_REQUIRES(mutex_);
  void run_group(std::vector<Command> commands);
  /// Answers what came while it was found out that the store takes nothing: that may take seconds,
  /// and nobody shall wait for it twice.
  void refuse_queued(const Status& why);
  [[nodiscard]] bool failed_slowly(const Status& status, MonoTime begun) const;
  void probe_when_due();
  /// `settled`: settlements were committed.
  void note(const GroupResult& result, bool settled);
  void tell_if_changed(std::string_view reason);

  const Clock& clock_;
  CommitListener& listener_;

  Mutex mutex_;
  CondVar ready_;
  std::deque<Command> commands_ POSTRIDER_GUARDED_BY(mutex_);
  std::vector<Settlement> settlements_ POSTRIDER_GUARDED_BY(mutex_);
  MonoTime settle_at_ POSTRIDER_GUARDED_BY(mutex_);  ///< when those are written at the latest
  bool stopping_ POSTRIDER_GUARDED_BY(mutex_) = false;

  // Owned by the writer's thread once it runs.
  std::unique_ptr<Store> store_;
  std::unique_ptr<StoreReader> reader_;
  GroupCommit group_;
  std::vector<Settlement> unwritten_;
  std::optional<MonoTime> probe_at_;  ///< set from a kUnavailable until something was written
  bool writable_ = true;              ///< as the listener knows it

  std::jthread thread_;
};

}  // namespace postrider
