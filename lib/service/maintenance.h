// The thread that keeps house: sweeps, tasks, statistics, retention, checkpoints.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "metrics/metrics.h"
#include "service/key_usage.h"
#include "service/writer.h"
#include "store/change_watch.h"
#include "store/reader.h"

namespace postrider {

struct MaintenanceOptions {
  Millis retention = std::chrono::hours{30 * 24};
  Millis hold_disabled = std::chrono::hours{7 * 24};
  /// Of endpoints that have none.
  RetryPolicy retry_default = default_retry_policy();
  /// How long idempotency keys are kept at least.
  Millis idempotency = std::chrono::hours{48};
};

/// Each piece of work is small bounded transactions through the writer, so none stands in anybody's
/// way.
class Maintenance {
 public:
  struct Parts {
    std::unique_ptr<StoreReader> reader;
    std::unique_ptr<Checkpointer> checkpointer;  ///< null: the database does it itself
    /// Whether this node sends for the endpoint, and until when it sends nothing to it.
    std::function<bool(EndpointId)> sends_for;
    std::function<Backpressure(EndpointId)> backpressure_of;
  };

  /// `clock`, `writer`, `metrics` and `key_usage` outlive it.
  Maintenance(
      MaintenanceOptions options,
      Parts parts,
      const Clock& clock,
      Writer& writer,
      Metrics& metrics,
      KeyUsage& key_usage
  );
  ~Maintenance() { stop(); }
  Maintenance(const Maintenance&) = delete;
  Maintenance& operator=(const Maintenance&) = delete;

  /// Idempotent.
  void start();
  void stop();

  /// Adds to the statistics, which are written every few seconds. Thread-safe.
  void add_stats(const std::vector<StatRow>& rows);
  /// What attempts say of their endpoints, in order; the last of each is written with the
  /// statistics. Thread-safe.
  void add_outcomes(const std::vector<LastOutcomes>& outcomes);
  /// There may be work that cannot wait for the next round: a task, a deleted endpoint.
  /// Thread-safe.
  void wake();

 private:
  /// When a piece of work is next due; each has a period of its own.
  struct Schedule {
    MonoTime sweeps;
    MonoTime circuits;
    MonoTime stats;
    MonoTime key_uses;
    MonoTime checkpoint;
    MonoTime secrets;
    MonoTime retention;
    MonoTime gauges;
  };

  void run() noexcept;
  void round();
  [[nodiscard]] bool is_due(MonoTime& at, Millis period);
  void sweep();
  void sweep_behind_circuits();
  void step_tasks();
  void write_stats();
  [[nodiscard]] std::vector<LastOutcomes> take_outcomes();
  /// What could not be written: newer outcomes stay.
  void put_back(const std::vector<LastOutcomes>& outcomes);
  void write_key_uses();
  void prune_secrets();
  void prune();
  void sample_gauges();
  [[nodiscard]] Status sample_backlog(WallTime now);
  [[nodiscard]] bool stopping() const;
  /// Runs what is done once for all nodes; false when that is another one's.
  [[nodiscard]] Result<bool> lead(const std::function<Status(WriteContext&)>& work);
  /// Says so once per kind of work until it works again.
  void report(std::string_view work, const Status& status);
  void report_led(std::string_view work, const Result<bool>& led);

  using StatKey = std::tuple<std::int64_t, std::string, std::int64_t>;

  const MaintenanceOptions options_;
  const Clock& clock_;
  Writer& writer_;
  Metrics& metrics_;
  KeyUsage& key_usage_;

  mutable Mutex mutex_;
  CondVar wake_;
  bool stopping_ POSTRIDER_GUARDED_BY(mutex_) = false;
  bool woken_ POSTRIDER_GUARDED_BY(mutex_) = false;
  std::map<StatKey, StatRow> stats_ POSTRIDER_GUARDED_BY(mutex_);
  std::map<std::int64_t, LastOutcomes> outcomes_ POSTRIDER_GUARDED_BY(mutex_);  // by endpoint

  // Owned by the thread once it runs.
  std::unique_ptr<StoreReader> reader_;
  std::unique_ptr<Checkpointer> checkpointer_;
  const std::function<bool(EndpointId)> sends_for_;
  const std::function<Backpressure(EndpointId)> backpressure_of_;
  Schedule schedule_;
  Millis gauges_period_{5000};
  std::map<std::string, bool, std::less<>> failed_;

  std::jthread thread_;
};

}  // namespace postrider
