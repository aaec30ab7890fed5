// The filters of endpoints: jq programs that say which events these want.
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

/// What the filters of endpoints said of the events of one command. The writer knows exactly which
/// endpoints there are but must not wait for programs: a command that finds a verdict missing notes
/// it here and ends without a trace; whoever asked for it runs the programs and tries again.
class Filtering {
 public:
  struct Verdict {
    bool wants = false;
    std::string failure;  ///< why the program failed; empty when it did not
  };

  /// What the program said of the event; null when it has not run yet: it is then needed, unless
  /// enough is needed already. `key` tells the events of the command apart, for as long as this
  /// lives. `at` is the event's time.
  [[nodiscard]] const Verdict* verdict(
      std::int64_t key, const EventDraft& event, WallTime at, const std::string& program
  );

  [[nodiscard]] bool needs_any() const { return !needs_.empty(); }
  /// Whether nothing more is noted before the next run().
  [[nodiscard]] bool is_full() const { return needs_.size() >= limits::kFilteredEventsMax; }

  /// Runs what is needed and waits for it. An event's programs that are not done within
  /// limits::kFiltersTime have failed; events whose turn did not come by then are still needed, but
  /// for at least one. kUnavailable when programs cannot be run. Not for the writer's thread.
  [[nodiscard]] Status run(ProgramRunner& runner, const Clock& clock);

 private:
  using Program = std::string_view;  // into programs_; by their text, so that they run in one order
  struct Need {
    EventDraft event;
    WallTime at;
    std::set<Program> programs;
  };
  std::set<std::string> programs_;
  std::map<std::int64_t, Need> needs_;
  std::map<std::int64_t, std::map<Program, Verdict>> verdicts_;
};

/// Of the targets of an event those, by index, whose filter failed, with the reason.
using FailedTargets = std::vector<std::pair<std::size_t, std::string>>;

/// Who gets an event.
struct Route {
  std::vector<Target> targets;
  FailedTargets failed;
};

/// Nothing when verdicts are missing; `filtering` has noted all of them, with `key` and `at` as it
/// takes them.
[[nodiscard]] std::optional<Route> route(
    const Routing& routing,
    std::int64_t key,
    const EventDraft& event,
    WallTime at,
    Filtering& filtering
);

/// How a command ends that has noted what it needs: nobody gets to see it.
[[nodiscard]] tl::unexpected<Error> filters_first();

}  // namespace postrider
