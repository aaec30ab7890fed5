// CommitLog writes log lines about commits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "domain/id.h"
#include "service/write_context.h"

namespace postrider {

/// Turns the effects of commits into log lines: attempts, dead deliveries, endpoints that fail, are
/// throttled or disabled, circuits, refused outbox rows, slow commits. Owned by the writer's
/// thread.
class CommitLog {
 public:
  explicit CommitLog(const IdCodec& ids) : ids_(ids) {}

  void write(const Effects& effects, double commit_seconds, std::int64_t rows);

 private:
  /// Why requests to an endpoint fail. An endpoint whose requests succeed has no entry.
  enum class Trouble : std::uint8_t { kFailing, kThrottled };

  void write_attempts(const Effects& effects);
  void write_attempt(const RecordedAttempt& recorded) const;
  void write_dead(const Settlement& settlement) const;
  void write_trouble(const Settlement& settlement);
  void write_endpoints(const Effects& effects);

  const IdCodec ids_;
  std::unordered_map<std::int64_t, Trouble> in_trouble_;  ///< by endpoint
};

/// Writes the log line of a task that has ended. Thread-safe.
void log_task_end(const IdCodec& ids, const Task& task);

}  // namespace postrider
