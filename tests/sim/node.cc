#include "tests/sim/node.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/assert.h"
#include "base/limits.h"
#include "service/node_messages.h"
#include "service/ownership.h"
#include "store/node_channel.h"
#include "store/sqlite/sqlite_store.h"

#include "tests/support/must.h"

namespace postrider::sim {
namespace {

/// So few that a look takes several turns.
constexpr std::size_t kLookRowsMax = 2;

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
      template_runner_(parts_.on_render),
      sink_(unwritten_, *parts_.control),
      programs_prng_(parts_.seed + 1),
      told_seq_(*parts_.seq) {
  StoreControl& control = *parts_.control;
  SharedSession* session = nullptr;
  if (parts_.seat) {
    seat_ = std::make_unique<Seat>(*parts_.seat, parts_.generation);
    session = &seat_->session;
    store_ = std::make_unique<FaultyStore>(parts_.seat->database.store(), control, *session);
    parts_.engine.others_append = !is_canary(parts_.control, Canary::kOthersForgotten);
  } else {
    store_ = std::make_unique<FaultyStore>(must(sqlite::SqliteStore::open(parts_.path)), control);
  }
  sqlite::SqliteReaders readers{parts_.path};
  writer_reader_ = faulty_reader(ReaderOf::kWriter, must(readers.open()), control, session);
  engine_reader_ = faulty_reader(ReaderOf::kEngine, must(readers.open()), control, session);
  group_ = std::make_unique<GroupCommit>(*store_);
  must(group_->load(*writer_reader_));
  engine_ = std::make_unique<Engine>(
      parts_.engine,
      IdCodec{engine_reader_->id_salt()},
      Engine::Seams{*engine_reader_, transport_, template_runner_, sink_},
      Prng{parts_.seed}
  );
  engine_inbox_ = std::make_unique<EngineInbox>(*engine_, *engine_reader_, kLookRowsMax);
  if (seat_) {
    take_seat();
  } else {
    begin_process();
  }
}

void Node::begin_process() {
  // A process that cannot write this does not start.
  const bool faults = std::exchange(parts_.control->faults, false);
  const Clock& clock = *parts_.clock;
  store_->set_boot(clock.boot());
  const Change change = [&clock](WriteContext& context) {
    return adopt(context, Partitions{}.set(), clock.mono_now());
  };
  std::vector<Settlement> none;
  Effects effects;
  must(group_->run(none, {change}, clock.wall_now(), effects).changes.front());
  must(engine_inbox_->apply(news_of(effects), clock.wall_now(), clock.mono_now()));
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
  if (seat_) seat_->holdings.committed(effects);
  written.refresh = control.committed && control.others_refresh;
  if (control.committed) {
    written.seq = ++*parts_.seq;
    if (written.crashed || unwritten_.empty()) written.settled = control.settled;
  }
  if (is_canary(&control, Canary::kAnswerBeforeCommit)) {
    for (std::size_t i = 0; i < written.answers.size(); ++i) {
      if (written.commands[i].ran_well) written.answers[i] = {};
    }
  }
  if (written.crashed) return written;
  writable_ = unwritten_.empty();
  engine_->set_writable(writable_ && (!seat_ || seat_->may_send(parts_.clock->mono_now())));
  if (control.committed) {
    written.adopted = effects.adopted.partitions;
    if (seat_) written.notifications = encode_messages(news_for_others(effects));
  }
  if (is_canary(&control, Canary::kSettleBeforeCommit) && !control.committed) settle_too_early();
  if (tell && control.committed) pass_on(effects, written.seq);
  return written;
}

void Node::settle_too_early() {
  News news;
  for (const auto& settlement : unwritten_)
    news.settled.push_back({settlement.delivery, settlement.endpoint, true, std::nullopt});
  unwritten_.clear();
  writable_ = true;
  engine_->set_writable(true);
  inbox_.push_back({*parts_.seq, true, std::move(news)});
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
  if (seat_ && is_canary(control, Canary::kGivenBackEarly)) seat_->give_back(news.abandoned);
  inbox_.push_back({seq, true, std::move(news)});
}

std::vector<TemplateResult> Node::SimTemplateRunner::run(Prng& prng) {
  std::vector<TemplateResult> results;
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
  if (seat_) hear(mono);
  News news = take_news(news_count);
  if (news.adopted.partitions.any()) parts_.on_adopted(news.adopted.partitions);
  const Status told = engine_inbox_->apply(std::move(news), wall, mono);
  if (!seat_) must(told);
  engine_->set_writable(writable_ && told && (!seat_ || seat_->may_send(mono)));
  if (is_canary(parts_.control, Canary::kHoldIgnored)) {
    for (auto& completion : completions) {
      if (completion.response.status == 429) completion.response.status = 500;
    }
  }
  if (is_canary(parts_.control, Canary::kCircuitIgnored)) {
    for (const auto& [id, endpoint] : group_->routing().all()) {
      const DeliveryId pending = first_pending({id}, wall);
      if (pending.value != 0) engine_->request_probe(pending, {id});
    }
  }
  for (auto& result : template_runner_.run(programs_prng_)) {
    parts_.on_rendered(result);
    engine_->take_template_result(std::move(result));
  }
  read_failed_ = !engine_->tick(wall, mono, std::move(completions)).has_value();
  for (const auto& [id, backpressure] : engine_->take_backpressure_changes())
    backpressure_[id.value] = backpressure;
  if (seat_) follow_seat(mono);
}

std::optional<DeliveryId> Node::find_neglected(WallTime wall, MonoTime mono) {
  const bool knows_all = inbox_.empty() && unwritten_.empty() && !read_failed_ && !is_resyncing();
  if (!knows_all || !writable_ || engine_->in_flight() > 0 || is_rendering()) return std::nullopt;
  const auto idle = engine_->idle_for(wall, mono);
  if (!idle || *idle <= Millis{0}) return std::nullopt;
  DeliveryFilter filter;
  filter.state = DeliveryState::kPending;
  const auto page = writer_reader_->deliveries(filter, {.limit = 250, .cursor = {}});
  if (!page) return std::nullopt;
  for (const DeliveryView& view : page->rows) {
    const auto& expires_at = view.delivery.expires_at;
    if (expires_at && *expires_at <= wall) continue;                  // the next sweep ends it
    if (!engine_reader_->endpoint(view.delivery.endpoint)) continue;  // it was deleted
    WaitingFacts facts = *view.waiting;
    const LaneBackpressure& lane = backpressure_[view.delivery.endpoint.value];
    const auto in_wall_time = [&](const std::optional<MonoTime>& at) -> std::optional<WallTime> {
      if (!at) return std::nullopt;
      return wall + std::chrono::ceil<Millis>(*at - mono);
    };
    facts.backpressure = {
        in_wall_time(lane.throttled_until), in_wall_time(lane.rate_limited_until)};
    if (waiting_of(facts, wall).reason == WaitingFor::kDue) return view.delivery.id;
  }
  return std::nullopt;
}

News Node::take_news(std::size_t news_count) {
  News news;
  for (std::size_t i = 0; i < news_count && !inbox_.empty(); ++i) {
    append(news, std::move(inbox_.front().news), limits::kDispatcherInboxMax);
    if (inbox_.front().is_own) told_seq_ = std::max(told_seq_, inbox_.front().seq);
    inbox_.pop_front();
  }
  return news;
}

// --- Among other nodes, as service.cc, messenger.cc and dispatcher.cc have it
// ---------------------

void Node::take_seat() {
  seat_->share.listen(
      {.may_send_until = [this](MonoTime end) { seat_->send_until = end; },
       .owned = [this](const Partitions& own) { ask_for(seat_->holdings.keep(own)); },
       .surplus = [this](const Partitions& surplus) { ask_for(seat_->holdings.give_up(surplus)); },
       .lost = [this] { seat_->lost = true; }}
  );
}

void Node::ask_for(const Holdings::Asked& asked) {
  if (asked.adopt.any()) {
    post("adopt", [this, partitions = asked.adopt](WriteContext& context) {
      return adopt(context, partitions, parts_.clock->mono_now());
    });
  }
  if (asked.abandon.any()) {
    post("abandon", [partitions = asked.abandon](WriteContext& context) -> Status {
      abandon(context, partitions);
      return {};
    });
  }
}

void Node::post(std::string text, Change change) {
  enqueue({std::move(text), std::move(change), [](bool, const Status*) {}});
}

void Node::refresh() {
  if (std::exchange(refreshing_, true)) return;
  post("refresh", [](WriteContext&) { return Status{}; });
  commands_.back().done = [this](bool, const Status*) { refreshing_ = false; };
}

void Node::begin_leaving() {
  engine_->drain();
  seat_->membership = Membership::kLeaving;
  seat_->renew_at = {};
}

void Node::hear(MonoTime mono) {
  for (auto& [seq, messages] : seat_->take_mail(mono)) {
    for (const auto& message : messages) {
      if (message == kRefreshMessage) {
        refresh();
      } else {
        inbox_.push_back({seq, false, must(decode_message(message))});
      }
    }
  }
  if (!seat_->looks(mono)) return;
  refresh();
  News news;
  news.all_again = true;
  inbox_.push_back({*parts_.seq, false, std::move(news)});
}

void Node::follow_seat(MonoTime mono) {
  if (const Partitions idle = engine_inbox_->take_abandoned(); idle.any()) {
    seat_->give_back(idle);
    seat_->renew_at = mono;
  }
  if (engine_->awaits_endpoints()) refresh();
}

std::uint64_t Node::heard_seq() const {
  if (!seat_) return told_seq_;
  std::uint64_t heard = std::min(*parts_.seq, seat_->heard_before());
  for (const auto& told : inbox_) heard = std::min(heard, told.seq - 1);
  return heard;
}

}  // namespace postrider::sim
