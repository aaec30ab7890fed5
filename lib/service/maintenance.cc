#include "service/maintenance.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/limits.h"
#include "base/log.h"
#include "service/backlog_sample.h"
#include "service/commit_log.h"
#include "service/delivery_changes.h"
#include "service/endpoint_changes.h"
#include "service/sweeps.h"

namespace postrider {
namespace {

constexpr Millis kRound{1000};
/// Deliveries wait behind a circuit for at least an hour, so a longer period is enough.
constexpr Millis kCircuitsPeriod{10'000};
constexpr Millis kStatsPeriod{2000};
constexpr Millis kKeyUsesPeriod{60'000};
constexpr Millis kSecretsPeriod{60'000};
constexpr Millis kRetentionPeriod{60'000};
/// Counting the backlog takes at most one part in this many of the time.
constexpr int kGaugesShare = 50;
constexpr Millis kGaugesPeriodMin{5000};

}  // namespace

Maintenance::Maintenance(
    MaintenanceOptions options,
    Parts parts,
    const Clock& clock,
    Writer& writer,
    Metrics& metrics,
    KeyUsage& key_usage
)
    : options_(std::move(options)),
      clock_(clock),
      writer_(writer),
      metrics_(metrics),
      key_usage_(key_usage),
      reader_(std::move(parts.reader)),
      checkpointer_(std::move(parts.checkpointer)),
      sends_for_(std::move(parts.sends_for)),
      backpressure_of_(std::move(parts.backpressure_of)) {}

void Maintenance::start() {
  if (!thread_.joinable()) thread_ = std::jthread([this] { run(); });
}

void Maintenance::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Maintenance::wake() {
  {
    const MutexLock lock(mutex_);
    woken_ = true;
  }
  wake_.notify_all();
}

bool Maintenance::stopping() const {
  const MutexLock lock(mutex_);
  return stopping_;
}

void Maintenance::run() noexcept {
  while (!stopping()) {
    round();
    const MutexLock lock(mutex_);
    if (!woken_ && !stopping_) static_cast<void>(wake_.wait_for(mutex_, kRound));
    woken_ = false;
  }
  write_stats();
  write_key_uses();
}

void Maintenance::round() {
  sweep();
  if (is_due(schedule_.circuits, kCircuitsPeriod)) sweep_behind_circuits();
  step_tasks();
  if (is_due(schedule_.stats, kStatsPeriod)) write_stats();
  if (is_due(schedule_.key_uses, kKeyUsesPeriod)) write_key_uses();
  if (checkpointer_ && is_due(schedule_.checkpoint, kRound))
    report("checkpoint", checkpointer_->checkpoint());
  if (is_due(schedule_.secrets, kSecretsPeriod)) prune_secrets();
  if (is_due(schedule_.retention, kRetentionPeriod)) prune();
  if (is_due(schedule_.gauges, gauges_period_)) sample_gauges();
}

bool Maintenance::is_due(MonoTime& at, Millis period) {
  const MonoTime now = clock_.mono_now();
  if (now < at) return false;
  at = now + period;
  return true;
}

Result<bool> Maintenance::lead(const std::function<Status(WriteContext&)>& work) {
  return writer_.execute<bool>([&](WriteContext& context) -> Result<bool> {
    if (!context.leads()) return false;
    return work(context).map([] { return true; });
  });
}

void Maintenance::sweep() {
  bool more = true;
  while (more && !stopping()) {
    more = false;
    const auto swept = lead([&](WriteContext& context) {
      return sweep_deliveries(context, options_.hold_disabled, more);
    });
    report_led("sweeps", swept);
    if (!swept) return;
  }
}

void Maintenance::sweep_behind_circuits() {
  EndpointId after;
  bool more = true;
  while (more && !stopping()) {
    more = false;
    const Status swept = writer_.execute([&](WriteContext& context) {
      return sweep_circuits(context, options_.retry_default, after, more);
    });
    report("circuits", swept);
    if (!swept) return;
  }
}

void Maintenance::step_tasks() {
  auto tasks = reader_->running_tasks();
  if (!tasks) {
    report("tasks", tl::unexpected(std::move(tasks).error()));
    return;
  }
  for (const auto& task : *tasks) {
    bool running = true;
    std::optional<Task> ended;
    while (running && !stopping()) {
      const auto led = lead([&](WriteContext& context) -> Status {
        const auto stepped = step_task(context, task.id);
        if (!stepped) return tl::unexpected<Error>(stepped.error());
        running = stepped->state == TaskState::kRunning;
        if (!running) ended = *stepped;
        return {};
      });
      if (!led || !*led) return report_led("tasks", led);
    }
    if (ended) log_task_end(IdCodec{reader_->id_salt()}, *ended);
  }
  report("tasks", {});
}

void Maintenance::add_stats(const std::vector<StatRow>& rows) {
  if (rows.empty()) return;
  const MutexLock lock(mutex_);
  for (const auto& row : rows) {
    StatRow& sum = stats_[{unix_ms(row.minute), row.tenant, row.endpoint.value}];
    sum.minute = row.minute;
    sum.tenant = row.tenant;
    sum.endpoint = row.endpoint;
    sum.events += row.events;
    sum.delivered += row.delivered;
    sum.dead += row.dead;
    for (std::size_t i = 0; i < kAttemptClassCount; ++i) sum.attempts[i] += row.attempts[i];
    sum.duration_ms_sum += row.duration_ms_sum;
  }
}

void Maintenance::write_stats() {
  std::map<StatKey, StatRow> taken;
  {
    const MutexLock lock(mutex_);
    taken.swap(stats_);
  }
  std::vector<LastOutcomes> outcomes = take_outcomes();
  for (LastOutcomes& one : outcomes) one.backpressure = backpressure_of_(one.endpoint);
  if (taken.empty() && outcomes.empty()) return;
  std::vector<StatRow> rows;
  rows.reserve(taken.size());
  for (auto& [key, row] : taken) rows.push_back(std::move(row));
  const Status written = writer_.execute([&](WriteContext& context) -> Status {
    if (auto added = context.store.add_stats(rows); !added) return added;
    return context.store.put_last_outcomes(outcomes);
  });
  report("statistics", written);
  if (written) return;
  add_stats(rows);
  put_back(outcomes);
}

void Maintenance::add_outcomes(const std::vector<LastOutcomes>& outcomes) {
  if (outcomes.empty()) return;
  const MutexLock lock(mutex_);
  for (const LastOutcomes& one : outcomes) {
    LastOutcomes& known = outcomes_[one.endpoint.value];
    known.endpoint = one.endpoint;
    if (one.success) known.success = one.success;
    if (one.failure) known.failure = one.failure;
  }
}

std::vector<LastOutcomes> Maintenance::take_outcomes() {
  std::vector<LastOutcomes> taken;
  const MutexLock lock(mutex_);
  taken.reserve(outcomes_.size());
  for (const auto& [id, outcomes] : outcomes_) taken.push_back(outcomes);
  outcomes_.clear();
  return taken;
}

void Maintenance::put_back(const std::vector<LastOutcomes>& outcomes) {
  const MutexLock lock(mutex_);
  for (const LastOutcomes& one : outcomes) {
    LastOutcomes& known = outcomes_[one.endpoint.value];
    known.endpoint = one.endpoint;
    if (!known.success) known.success = one.success;
    if (!known.failure) known.failure = one.failure;
  }
}

void Maintenance::write_key_uses() {
  const std::vector<ApiKeyUse> uses = key_usage_.unsaved();
  if (uses.empty()) return;
  const Status written = writer_.execute([&](WriteContext& context) {
    return context.store.record_api_key_uses(uses);
  });
  report("last use of keys", written);
  if (written) key_usage_.saved(uses);
}

void Maintenance::prune_secrets() { report_led("secrets", lead(postrider::prune_secrets)); }

void Maintenance::prune() {
  const MonoTime begun = clock_.mono_now();
  std::int64_t rows = 0;
  bool done = false;
  while (!done && !stopping()) {
    const auto led = lead([&](WriteContext& context) -> Status {
      const auto pruned = context.store.prune(
          context.now - options_.retention,
          context.now - options_.idempotency,
          limits::kRetentionRowsMax
      );
      if (!pruned) return tl::unexpected<Error>(pruned.error());
      done = pruned->done;
      rows += pruned->rows_count;
      return {};
    });
    report_led("retention", led);
    if (!led || !*led) return;
  }
  if (rows > 0) {
    const auto duration = std::chrono::floor<Millis>(clock_.mono_now() - begun);
    log::info("retention removed rows", {{"rows", rows}, {"duration_ms", duration}});
  }
  const Status released =
      writer_.execute(Change{[](WriteContext& context) { return context.store.release_space(); }});
  report("free space", released);
}

void Maintenance::sample_gauges() {
  const MonoTime begun = clock_.mono_now();
  const Status sampled = sample_backlog(clock_.wall_now());
  const auto dead = reader_->count_dead_letters({});
  const auto circuits_open = reader_->count_open_circuits();
  const auto gauges = reader_->gauges();
  if (!sampled || !dead || !circuits_open || !gauges) return;
  metrics_.set_store(*gauges);
  metrics_.set_dead_letters(*dead);
  metrics_.set_circuits_open(*circuits_open);
  const auto took = std::chrono::ceil<Millis>(clock_.mono_now() - begun);
  gauges_period_ = std::max(kGaugesPeriodMin, took * kGaugesShare);
}

Status Maintenance::sample_backlog(WallTime now) {
  auto backlog = reader_->backlog(now);
  if (!backlog) return tl::unexpected<Error>(backlog.error());
  // Only the node that sends for an endpoint knows whether it is throttled or at its rate limit.
  std::erase_if(*backlog, [this](const Backlog& one) { return !sends_for_(one.endpoint); });
  const BacklogSample sample = postrider::sample_backlog(*backlog, backpressure_of_, now);
  const auto waited = now - sample.oldest_due_at.value_or(now);
  metrics_.set_backlog(sample.counts, static_cast<double>(waited.count()) / 1000.0);
  return {};
}

void Maintenance::report_led(std::string_view work, const Result<bool>& led) {
  report(work, led.map([](bool) {}));
}

void Maintenance::report(std::string_view work, const Status& status) {
  const auto entry = failed_.try_emplace(std::string{work}, false).first;
  if (!status && !entry->second) {
    log::warning("maintenance failed", {{"work", work}, {"reason", status.error().context}}, work);
  }
  entry->second = !status;
}

}  // namespace postrider
