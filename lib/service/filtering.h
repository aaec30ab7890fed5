// Filtering runs the filters of endpoints: jq programs that decide whether an event is delivered.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "domain/event.h"
#include "jq/program_runner.h"
#include "service/routing.h"

namespace postrider {

/// The results of endpoint filters for the events of one command. Only the writer knows exactly
/// which endpoints exist, but it must not wait for programs. So a command that misses a verdict
/// records that here and ends without changing anything; its caller runs the programs and then runs
/// the command again.
class Filtering {
 public:
  struct Verdict {
    bool wants = false;
    std::string failure;  ///< why the program failed; empty when it did not
  };

  /// Returns the program's verdict on the event. Returns null if the program has not run yet, and
  /// records that it is needed, unless is_full(). `key` identifies the event within the command.
  /// `at` is the event's time.
  [[nodiscard]] const Verdict* verdict(
      std::int64_t key, const EventDraft& event, WallTime at, const std::string& program
  );

  [[nodiscard]] bool needs_any() const { return !needs_.empty(); }
  /// Returns whether no more events are recorded before the next run().
  [[nodiscard]] bool is_full() const { return needs_.size() >= limits::kFilteredEventsMax; }

  /// Runs the needed programs and waits for them. Programs that have not finished within
  /// limits::kFiltersTime per event count as failed. After that time in total, run() returns and
  /// the remaining events are still needed; it always runs at least one event. Returns kUnavailable
  /// if programs cannot be run. Must not be called on the writer's thread.
  [[nodiscard]] Status run(ProgramRunner& runner, const Clock& clock);

 private:
  // Points into programs_. Compared by text, so that programs run in a repeatable order.
  using Program = std::string_view;
  struct Need {
    EventDraft event;
    WallTime at;
    std::set<Program> programs;
  };
  std::set<std::string> programs_;
  std::map<std::int64_t, Need> needs_;
  std::map<std::int64_t, std::map<Program, Verdict>> verdicts_;
};

/// The indexes of an event's targets whose filter failed, with the reasons.
using FailedTargets = std::vector<std::pair<std::size_t, std::string>>;

/// The endpoints that get an event.
struct Route {
  std::vector<Target> targets;
  FailedTargets failed;
};

/// Returns the endpoints that want the event. Returns nothing if verdicts are missing: `filtering`
/// has then recorded them. `key` and `at` are as for Filtering::verdict().
[[nodiscard]] std::optional<Route> route(
    const Routing& routing,
    std::int64_t key,
    const EventDraft& event,
    WallTime at,
    Filtering& filtering
);

/// Returns the error with which a command ends that needs filters to run first. Callers of the
/// service never see it.
[[nodiscard]] tl::unexpected<Error> filters_first();

}  // namespace postrider
