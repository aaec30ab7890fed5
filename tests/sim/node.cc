#include "tests/sim/node.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/assert.h"
#include "base/limits.h"
#include "service/ownership.h"
#include "store/sqlite/sqlite_store.h"

#include "tests/support/must.h"

namespace postrider::sim {
namespace {

using testing::must;

bool is_canary(const StoreControl* control, Canary canary) { return control->canary == canary; }

/// The programs of the simulator, by name.
ProgramOutput run_program(const std::string& program, Prng& prng) {
  if (program == kProgramMissing && chance(prng, 0.3))
    return fail(Errc::kUnavailable, "jq is not there");
  if (program == kProgramFails) return fail(Errc::kInvalidArgument, "no such member");
  return std::optional<std::string>{kProgramBody};
}

}  // namespace

void Node::Sink::put(Settlement settlement, Urgency /*urgency*/) {
  ++count_;
  if (control_.canary == Canary::kSettlementDropped && count_ % 7 == 0) return;
  if (control_.canary == Canary::kFailureAsDelivered && settlement.verdict == Verdict::kRetry) {
    settlement.next = Delivered{};
  }
  if (auto* retry = std::get_if<RetryAt>(&settlement.next);
      retry != nullptr && control_.canary == Canary::kRetryEarly) {
    retry->due_at = settlement.attempt.started_at;
  }
  if (control_.canary == Canary::kGoneIgnored && settlement.verdict == Verdict::kEndpointGone) {
    settlement.verdict = Verdict::kRetry;
  }
  to_.push_back(std::move(settlement));
}

Node::Node(Parts parts)
    : parts_(std::move(parts)),
      transport_(parts_.on_request),
      renderer_(parts_.on_render),
      sink_(unwritten_, *parts_.control),
      programs_prng_(parts_.seed + 1),
      told_seq_(parts_.seq),
      seq_(parts_.seq) {
  store_ =
      std::make_unique<FaultyStore>(must(sqlite::SqliteStore::open(parts_.path)), *parts_.control);
  sqlite::SqliteReaders readers{parts_.path};
  writer_reader_ = must(readers.open());
  engine_reader_ = faulty_reader(must(readers.open()), *parts_.control);
  group_ = std::make_unique<GroupCommit>(*store_);
  must(group_->load(*writer_reader_));
  engine_ = std::make_unique<Engine>(
      parts_.engine,
      IdCodec{engine_reader_->id_salt()},
      Engine::Seams{*engine_reader_, transport_, renderer_, sink_},
      Prng{parts_.seed}
  );
  feed_ = std::make_unique<EngineFeed>(*engine_, *engine_reader_);
  begin_process();
}

void Node::begin_process() {
  // A process that cannot write this does not start.
  const bool faults = std::exchange(parts_.control->faults, false);
  const SimClock& clock = *parts_.clock;
  store_->set_boot(clock.boot());
  const Change change = [&clock](WriteContext& context) {
    return adopt(context, Partitions{}.set(), clock.mono_now());
  };
  std::vector<Settlement> none;
  Effects effects;
  must(group_->run(none, {change}, clock.wall_now(), effects).changes.front());
  must(feed_->apply(news_of(effects), clock.wall_now(), clock.mono_now()));
  parts_.control->faults = faults;
}

Written Node::write(WallTime now, std::size_t commands_max, bool tell) {
  Written written;
  const auto count = static_cast<std::ptrdiff_t>(std::min(commands_max, commands_.size()));
  std::move(commands_.begin(), commands_.begin() + count, std::back_inserter(written.commands));
  commands_.erase(commands_.begin(), commands_.begin() + count);
  std::vector<Change> changes;
  for (auto& command : written.commands) {
    changes.emplace_back([&command](WriteContext& context) {
      auto changed = command.change(context);
      command.ran_well = changed.has_value();
      return changed;
    });
  }
  StoreControl& control = *parts_.control;
  control.committed = false;
  const std::vector<Settlement> before = unwritten_;
  Effects effects;
  try {
    GroupResult result = group_->run(unwritten_, changes, now, effects);
    written.answers = std::move(result.changes);
  } catch (const Crash&) {
    written.crashed = true;
  }
  written.committed = control.committed;
  if (control.committed) {
    written.seq = ++seq_;
    if (written.crashed || unwritten_.empty()) written.settled = control.settled;
  }
  if (is_canary(&control, Canary::kAnswerBeforeCommit)) {
    for (std::size_t i = 0; i < written.answers.size(); ++i) {
      if (written.commands[i].ran_well) written.answers[i] = {};
    }
  }
  if (written.crashed) return written;
  engine_->set_writable(unwritten_.empty());
  if (is_canary(&control, Canary::kSettleBeforeCommit) && !control.committed) settle_too_early();
  if (tell && control.committed) pass_on(effects, written.seq);
  return written;
}

void Node::settle_too_early() {
  News news;
  for (const auto& settlement : unwritten_)
    news.settled.push_back({settlement.delivery, settlement.endpoint, true, std::nullopt});
  unwritten_.clear();
  engine_->set_writable(true);
  inbox_.emplace_back(seq_, std::move(news));
}

void Node::pass_on(Effects& effects, std::uint64_t seq) {
  News news = news_of(effects);
  const StoreControl* control = parts_.control;
  if (is_canary(control, Canary::kNewsLost)) news.fresh.clear();
  if (is_canary(control, Canary::kOrderForgotten)) {
    for (auto& fresh : news.fresh) fresh.delivery.lane_key.reset();
  }
  for (auto& endpoint : news.endpoints) {
    auto changed = std::make_shared<Endpoint>(*endpoint);
    if (is_canary(control, Canary::kLimitIgnored)) changed->config.max_in_flight += 5;
    if (is_canary(control, Canary::kRateIgnored)) changed->config.rate_limit.reset();
    if (is_canary(control, Canary::kTransformIgnored)) changed->config.transform.clear();
    if (is_canary(control, Canary::kPauseIgnored)) changed->state = EndpointState::kActive;
    if (is_canary(control, Canary::kSecretForgotten)) changed->secrets.resize(1);
    endpoint = std::move(changed);
  }
  inbox_.emplace_back(seq, std::move(news));
}

std::vector<Rendered> Node::SimRenderer::run(Prng& prng) {
  std::vector<Rendered> results;
  std::vector<std::pair<TransferId, ProgramJob>> later;
  for (auto& [id, job] : jobs_) {
    if (chance(prng, 0.5)) {
      later.emplace_back(id, std::move(job));
    } else {
      results.push_back({id, {run_program(job.programs.front(), prng)}});
    }
  }
  jobs_ = std::move(later);
  return results;
}

DeliveryId Node::first_pending(EndpointId endpoint, WallTime wall) {
  const auto page = writer_reader_->due({endpoint, wall, 1, nullptr});
  return page && !page->rows.empty() ? page->rows.front().delivery.id : DeliveryId{};
}

void Node::turn(
    WallTime wall, MonoTime mono, std::vector<Completion> completions, std::size_t news_count
) {
  News news;
  for (std::size_t i = 0; i < news_count && !inbox_.empty(); ++i) {
    append(news, std::move(inbox_.front().second), limits::kDispatcherInboxMax);
    told_seq_ = std::max(told_seq_, inbox_.front().first);
    inbox_.pop_front();
  }
  must(feed_->apply(std::move(news), wall, mono));
  if (is_canary(parts_.control, Canary::kHoldIgnored)) {
    for (auto& completion : completions) {
      if (completion.response.status == 429) completion.response.status = 500;
    }
  }
  if (is_canary(parts_.control, Canary::kCircuitIgnored)) {
    for (const auto& [id, endpoint] : group_->routing().all()) {
      const DeliveryId pending = first_pending({id}, wall);
      if (pending.value != 0) engine_->probe_with(pending, {id});
    }
  }
  for (auto& result : renderer_.run(programs_prng_)) {
    parts_.on_rendered(result);
    engine_->rendered(std::move(result));
  }
  read_failed_ = !engine_->tick(wall, mono, std::move(completions)).has_value();
}

}  // namespace postrider::sim
