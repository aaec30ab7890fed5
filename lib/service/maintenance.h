// Maintenance is the thread for background jobs: sweeps, tasks, statistics, retention, checkpoints.
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
  /// The retry policy of endpoints that have none of their own.
  RetryPolicy retry_default = default_retry_policy();
  /// The shortest time for which idempotency keys are kept.
  Millis idempotency = std::chrono::hours{48};
};

/// Runs each job in small, bounded transactions through the writer, so that no job delays other
/// commands for long.
class Maintenance {
 public:
  struct Parts {
    std::unique_ptr<StoreReader> reader;
    std::unique_ptr<Checkpointer> checkpointer;  ///< null if the database checkpoints by itself
    /// These return whether this node sends for the endpoint, and until when it sends nothing to
    /// it.
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

  /// Adds rows to the statistics, which are written every few seconds. Thread-safe.
  void add_stats(const std::vector<StatRow>& rows);
  /// Adds outcomes of attempts, in order. The last success and the last failure of each endpoint
  /// are written with the statistics. Thread-safe.
  void add_outcomes(const std::vector<LastOutcomes>& outcomes);
  /// Starts a round at once, for work that should not wait for the next one: a task or a deleted
  /// endpoint. Thread-safe.
  void wake();

 private:
  /// When each job is next due. Each has its own period.
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
  /// Puts outcomes back that could not be written. Does not replace newer outcomes.
  void put_back(const std::vector<LastOutcomes>& outcomes);
  void write_key_uses();
  void prune_secrets();
  void prune();
  void sample_gauges();
  [[nodiscard]] Status sample_backlog(WallTime now);
  [[nodiscard]] bool stopping() const;
  /// Runs `work` if this node is the leader. Returns false if another node is.
  [[nodiscard]] Result<bool> lead(const std::function<Status(WriteContext&)>& work);
  /// Logs the first error of each kind of work, and the next one only after a success.
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
