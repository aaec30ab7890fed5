#include "service/filtering.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>

#include "base/limits.h"
#include "base/mutex.h"
#include "destinations/program_input.h"

namespace postrider {
namespace {

/// The number of programs per job. Jobs are small, so that they run in parallel and no owner's turn
/// takes longer than those of others.
constexpr std::size_t kProgramsPerJob = 8;

/// The jobs of one event. Their callbacks share it, because they may run after the wait has ended.
class Jobs {
 public:
  explicit Jobs(std::size_t count) : waiting_(count) {}

  void end(std::size_t job, std::vector<ProgramOutput> outputs) {
    const MutexLock lock(mutex_);
    --waiting_;
    done_.emplace(job, std::move(outputs));
    changed_.notify_all();
  }
  /// Waits for all jobs until `end`, cancels the others, and returns the outputs by the number of
  /// the job.
  [[nodiscard]] std::map<std::size_t, std::vector<ProgramOutput>> wait(
      const Clock& clock, MonoTime end
  ) {
    const MutexLock lock(mutex_);
    while (waiting_ > 0) {
      const auto left = std::chrono::ceil<Millis>(end - clock.mono_now());
      if (left <= Millis{0}) break;
      static_cast<void>(changed_.wait_for(mutex_, left));
    }
    *cancelled_ = true;
    return std::exchange(done_, {});
  }
  [[nodiscard]] std::shared_ptr<const std::atomic<bool>> cancelled() const { return cancelled_; }

 private:
  const std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
  Mutex mutex_;
  CondVar changed_;
  std::size_t waiting_ POSTRIDER_GUARDED_BY(mutex_);
  std::map<std::size_t, std::vector<ProgramOutput>> done_ POSTRIDER_GUARDED_BY(mutex_);
};

/// Returns the owner by which the filters of a tenant take turns with other tenants and with the
/// programs of endpoints. It is negative; owners that are endpoints are positive.
std::int64_t owner_of(const EventDraft& event) {
  return -1 - static_cast<std::int64_t>(std::hash<std::string>{}(event.tenant) >> 2U);
}

Filtering::Verdict verdict_of(const ProgramOutput& output) {
  if (!output) return {false, output.error().context};
  return {output->has_value() && **output != "false" && **output != "null", {}};
}

/// Runs the programs over the event. Returns the outputs of the programs that finished in time, by
/// the program's index.
std::map<std::size_t, ProgramOutput> run_programs(
    ProgramRunner& runner,
    const Clock& clock,
    const EventDraft& event,
    WallTime at,
    const std::vector<std::string_view>& programs
) {
  const auto input = destinations::program_input(event, {}, at);
  const MonoTime end = clock.mono_now() + limits::kFiltersTime;
  const std::size_t count = (programs.size() + kProgramsPerJob - 1) / kProgramsPerJob;
  const auto jobs = std::make_shared<Jobs>(count);
  for (std::size_t job = 0; job < count; ++job) {
    ProgramJob part;
    part.owner = owner_of(event);
    part.input = input;
    part.cancelled = jobs->cancelled();
    const std::size_t first = job * kProgramsPerJob;
    for (std::size_t i = first; i < std::min(first + kProgramsPerJob, programs.size()); ++i)
      part.programs.emplace_back(programs[i]);
    runner.submit(std::move(part), [jobs, job](std::vector<ProgramOutput> outputs) {
      jobs->end(job, std::move(outputs));
    });
  }
  std::map<std::size_t, ProgramOutput> outputs;
  for (auto& [job, made] : jobs->wait(clock, end)) {
    for (std::size_t i = 0; i < made.size(); ++i)
      outputs.emplace(job * kProgramsPerJob + i, std::move(made[i]));
  }
  return outputs;
}

}  // namespace

const Filtering::Verdict* Filtering::verdict(
    std::int64_t key, const EventDraft& event, WallTime at, const std::string& program
) {
  const Program text = *programs_.insert(program).first;
  const auto known = verdicts_.find(key);
  if (known != verdicts_.end()) {
    const auto found = known->second.find(text);
    if (found != known->second.end()) return &found->second;
  }
  auto need = needs_.find(key);
  if (need == needs_.end()) {
    if (is_full()) return nullptr;
    need = needs_.emplace(key, Need{event, at, {}}).first;
  }
  need->second.programs.insert(text);
  return nullptr;
}

Status Filtering::run(ProgramRunner& runner, const Clock& clock) {
  const MonoTime end = clock.mono_now() + limits::kFiltersTime;
  do {
    const auto need = needs_.begin();
    const std::vector<Program> programs(need->second.programs.begin(), need->second.programs.end());
    const auto outputs = run_programs(runner, clock, need->second.event, need->second.at, programs);
    auto& verdicts = verdicts_[need->first];
    for (std::size_t i = 0; i < programs.size(); ++i) {
      const auto output = outputs.find(i);
      if (output == outputs.end()) {
        verdicts[programs[i]] = {false, "the filters of the event took too long together"};
        continue;
      }
      const ProgramOutput& made = output->second;
      if (!made && made.error().code != Errc::kInvalidArgument)
        return fail(Errc::kUnavailable, "filters cannot run: " + made.error().context);
      verdicts[programs[i]] = verdict_of(made);
    }
    needs_.erase(need);
  } while (!needs_.empty() && clock.mono_now() < end);
  return {};
}

std::optional<Route> route(
    const Routing& routing,
    std::int64_t key,
    const EventDraft& event,
    WallTime at,
    Filtering& filtering
) {
  Route route;
  bool complete = true;
  routing.match(event, [&](const Endpoint& endpoint) {
    const std::string& filter = endpoint.config.filter;
    if (!filter.empty()) {
      const auto* verdict = filtering.verdict(key, event, at, filter);
      complete &= verdict != nullptr;
      if (verdict == nullptr || (!verdict->wants && verdict->failure.empty())) return;
      if (!verdict->failure.empty())
        route.failed.emplace_back(route.targets.size(), "filter: " + verdict->failure);
    }
    route.targets.push_back({endpoint.id, endpoint.config.ordering});
  });
  if (!complete) return std::nullopt;
  return route;
}

tl::unexpected<Error> filters_first() { return fail(Errc::kBusy, "filters have to run first"); }

}  // namespace postrider
