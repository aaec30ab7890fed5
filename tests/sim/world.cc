#include "tests/sim/world.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "store/sqlite/sqlite_store.h"

namespace postrider::sim {
namespace {

/// Turns after which everything has to be final.
constexpr std::size_t kEndStepsMin = 2000;
constexpr std::size_t kEndStepsPerDelivery = 16;
constexpr std::size_t kAll = 1'000'000;
constexpr std::uint64_t kSalt = 1;
/// Steps between two checks that due deliveries are sent.
constexpr int kNeglectPeriod = 4;
/// How long a turn lets programs run that are under way.
constexpr Millis kRendering{5};
/// The longest wait that a receiver or a circuit asks for.
constexpr Millis kHoldMax = std::chrono::minutes{6};

/// Makes the database; its ids are the same at every run of a seed.
void make_database(const std::string& path) {
  if (auto made = sqlite::SqliteStore::open(path); !made)
    throw std::runtime_error(made.error().context);
  Tables{path}.run("UPDATE meta SET value = 1 WHERE key = 'id_salt'");
}

}  // namespace

World::World(WorldOptions options)
    : options_(std::move(options)), prng_(options_.seed), plan_(draw_plan(prng_)) {
  make_database(options_.path);
  tables_ = std::make_unique<Tables>(options_.path);
  network_ = std::make_unique<Network>(clock_, Prng{prng_.next()});
  if (plan_.nodes > 1) {
    shared_ = std::make_unique<SharedDatabase>(options_.path, clock_, plan_.lease);
    shared_->on_removed = [this](std::uint64_t node) {
      trace_.note(fmt::format("node {}: removed", node));
      checker_->on_gone(node);
    };
  }
  checker_ = std::make_unique<Checker>(Checker::Parts{
      *tables_,
      clock_,
      *network_,
      trace_,
      IdCodec{kSalt},
      plan_.in_flight_max,
      default_policy(),
      shared_.get(),
  });
  if (is_shared()) {
    for (int i = 0; i < plan_.nodes; ++i) join();
  } else {
    start("start");
  }
}

World::Member& World::start(const char* why, const MachineClock::Machine& machine) {
  ++generation_;
  trace_.note(fmt::format("node {}: {}", generation_, why));
  auto owned = std::make_unique<Member>(clock_, machine);
  Member& member = *owned;
  member.control.plan = &plan_;
  member.control.prng = Prng{prng_.next()};
  member.control.canary = options_.canary;
  Node::Parts parts;
  parts.path = options_.path;
  parts.engine.in_flight_max = plan_.in_flight_max;
  parts.engine.ready_bytes_max = plan_.ready_bytes_max;
  parts.engine.ordering_bytes_max = plan_.ordering_bytes_max;
  parts.engine.retry_default = default_policy();
  parts.engine.request.user_agent = "sim";
  parts.control = &member.control;
  parts.on_request = [this, &member](TransferId id, Request request) {
    on_request(member, id, std::move(request));
  };
  parts.on_render = [this, &member](TransferId id, const ProgramJob& job) {
    checker_->on_render(id, job, actor(member));
  };
  parts.on_rendered = [this, &member](const TemplateResult& result) {
    if (!is_shared() || shared_->has(member.generation()))
      checker_->on_rendered(result, actor(member));
  };
  parts.on_adopted = [this, &member](const Partitions& partitions) {
    checker_->on_adopted(partitions, actor(member));
  };
  parts.clock = &member.clock;
  parts.generation = generation_;
  parts.seq = &seq_;
  parts.seed = prng_.next();
  if (is_shared())
    parts.seat.emplace(Seat::Parts{*shared_, member.clock, member.lease, options_.canary});
  members_.push_back(std::move(owned));
  member.node = std::make_unique<Node>(std::move(parts));
  return member;
}

Actor World::actor(const Member& member) const {
  return {
      member.node->generation(),
      member.clock.wall_now(),
      member.node->told_seq(),
      member.node->heard_seq(),
  };
}

void World::on_request(Member& member, TransferId id, Request request) {
  if (options_.canary == Canary::kWrongBytesSigned) request.body += ' ';
  Flight flight;
  flight.transfer = id;
  flight.generation = member.generation();
  checker_->on_request(flight, request, actor(member));
  network_->send(std::move(flight));
}

// --- One process at a time -----------------------------------------------------------------------

void World::restart(const char* why) {
  const std::uint64_t before = generation_;
  network_->forget(before);
  members_.clear();
  if (happens(plan_.reboot)) clock_.reboot();
  ++checker_->counts.crashes;
  checker_->on_gone(before);
  const Actor next{before + 1, clock_.wall_now(), seq_, seq_};
  checker_->on_adopt(Partitions{}.set(), next);
  checker_->on_adopted(Partitions{}.set(), next);
  start(why);
}

void World::take_over() {
  frozen_ = std::move(members_.front());
  frozen_->control.replaced = true;
  restart("takes over from a frozen node");
}

void World::wake_frozen() {
  const std::unique_ptr<Member> frozen = std::move(frozen_);
  if (!frozen->node->has_work()) return;
  trace_.note(fmt::format("node {}: wakes up", frozen->generation()));
  const WallTime now = clock_.wall_now();
  note_written(*frozen, frozen->node->write(now, kAll, false), now);
}

void World::step_single() {
  if (happens(plan_.crash)) restart("crashed");
  if (happens(plan_.freeze)) take_over();
  if (frozen_ && happens(0.2)) wake_frozen();
  if (happens(plan_.drain)) {
    members_.front()->node->engine().drain();
    members_.front()->drain_steps = 20;
  }
  int& drain_steps = members_.front()->drain_steps;
  if (drain_steps > 0 && --drain_steps == 0) restart("drained");
  if (happens(plan_.write_turn)) write_turn(*members_.front(), !happens(plan_.crash / 4));
  if (happens(plan_.engine_turn)) {
    const bool late = happens(plan_.news_delay);
    engine_turn(*members_.front(), late ? prng_.below(3) : kAll);
  }
}

// --- Turns ---------------------------------------------------------------------------------------

bool World::run_filters(Filtering& filtering) {
  filters_.faults = !ending_;
  ++checker_->counts.filtered;
  if (!filtering.run(filters_, clock_)) return false;
  // Before the next try: what ran may not be all that it needs then.
  if (!ending_ && plan_.endpoint_change > 0 && happens(0.3)) change_endpoint();
  return true;
}

void World::advance() {
  if (happens(plan_.wall_step)) {
    const Millis by = draw_millis(prng_, Millis{120'000}) - Millis{60'000};
    trace_.note(fmt::format("the wall clock is set by {} ms", by.count()));
    clock_.step_wall(by);
  }
  if (happens(plan_.long_jump)) {
    clock_.advance(draw_millis(prng_, std::chrono::hours{30}));
  } else if (happens(0.2)) {
    return advance_to_next();
  } else {
    advance_by(draw_millis(prng_, plan_.step_max));
  }
  network_->move();
}

void World::advance_by(Millis by) {
  if (!is_shared()) return clock_.advance(by);
  const Millis pause = plan_.lease / 10;
  for (Millis left = by; left > Millis{0}; left -= pause) {
    clock_.advance(std::min(left, pause));
    renew_leases();
  }
}

void World::advance_to_next() {
  std::optional<Millis> wait;
  const auto consider = [&wait](std::optional<Millis> other) {
    if (other && (!wait || *other < *wait)) wait = other;
  };
  for (const auto& member : members_) {
    const Clock& clock = member->clock;
    consider(member->node->engine().idle_for(clock.wall_now(), clock.mono_now()));
    if (member->node->is_resyncing()) consider(Millis{0});
    if (member->node->is_rendering()) consider(kRendering);
    if (member->node->seat() != nullptr && member->node->seat()->has_mail())
      consider(std::chrono::ceil<Millis>(member->messages_arrive_at - clock_.mono_now()));
  }
  if (const auto next = network_->next_at())
    consider(std::chrono::ceil<Millis>(*next - clock_.mono_now()));
  const Millis longest = is_shared() ? plan_.lease : Millis{86'400'000};
  advance_by(std::clamp(wait.value_or(Millis{1000}), Millis{0}, longest));
  network_->move();
}

bool World::write_turn(Member& member, bool tell) {
  Node& node = *member.node;
  if (!node.has_work()) return true;
  const std::size_t commands_max = 1 + prng_.below(8);
  const WallTime now = member.clock.wall_now();
  const Written written = node.write(now, commands_max, tell);
  note_written(member, written, now);
  if (is_shared()) pass_mail(member, written, tell && !written.crashed);
  if (!written.crashed && tell) return true;
  const char* why = written.crashed ? "crashed in a commit" : "crashed between commit and news";
  if (!is_shared()) {
    restart(why);
  } else {
    end_member(node.generation(), why);
  }
  return false;
}

void World::note_written(const Member& member, const Written& written, WallTime now) {
  written_at_ = now;
  for (std::size_t i = 0; i < written.commands.size(); ++i) {
    const Command& command = written.commands[i];
    const Status* answer = written.answers.empty() ? nullptr : &written.answers[i];
    trace_.note(fmt::format(
        "commit {}: node {}: {}: {}",
        written.committed ? seq_ : 0,
        member.generation(),
        command.text,
        answer == nullptr ? "no answer" : (*answer ? "done" : answer->error().context)
    ));
    command.done(written.committed && command.ran_well, answer);
  }
  Actor writer = actor(member);
  writer.now = now;
  checker_->on_commit(seq_, writer, written.settled);
  if (written.adopted.any()) checker_->on_adopt(written.adopted, writer);
}

void World::engine_turn(Member& member, std::size_t news_count) {
  const bool counts = !is_shared() || shared_->has(member.generation());
  std::vector<Completion> completions;
  for (auto& [flight, completion] : network_->take(member.generation())) {
    if (counts) checker_->on_answer(flight, completion.response, actor(member));
    completions.push_back(std::move(completion));
  }
  const Clock& clock = member.clock;
  member.node->turn(clock.wall_now(), clock.mono_now(), std::move(completions), news_count);
  checker_->on_turn(actor(member));
  if (is_shared() || trace_.step % kNeglectPeriod != 0) return;
  if (const auto found = member.node->find_neglected(clock.wall_now(), clock.mono_now()))
    throw Violation{fmt::format("delivery {} is said to be due and is not sent", found->value)};
}

void World::step() {
  ++trace_.step;
  advance();
  draw_commands();
  if (is_shared()) {
    step_nodes();
  } else {
    step_single();
  }
}

void World::run() {
  add_endpoint();
  for (int i = 0; i < options_.steps; ++i) step();
  finish();
}

/// Answers to what was sent before may have disabled an endpoint.
void World::enable_all() {
  for (const auto& [id, row] : checker_->endpoint_rows()) {
    if (!row.deleted && row.state != "active") set_state(id, EndpointState::kActive);
  }
}

bool World::is_quiet() {
  const auto is_idle = [](const auto& member) {
    Node& node = *member->node;
    return !node.has_work() && node.news_waiting() == 0 && node.engine().in_flight() == 0 &&
           !node.is_rendering();
  };
  return checker_->all_final() && checker_->all_active() &&
         std::all_of(members_.begin(), members_.end(), is_idle) && tables_->outbox().empty() &&
         tables_->number("SELECT count(*) FROM task WHERE state = 'running'") == 0;
}

void World::finish() {
  trace_.note("faults are over");
  ending_ = true;
  plan_.wall_step = 0;
  plan_.long_jump = 0;
  network_->heal();
  for (const auto& member : members_) end_faults(*member);
  if (frozen_) wake_frozen();
  if (!is_shared() && members_.front()->drain_steps > 0) restart("drained");
  // Commands that wait may make further deliveries.
  const auto steps_max = [this] {
    return kEndStepsMin + kEndStepsPerDelivery * checker_->deliveries().size();
  };
  for (std::size_t i = 0; i < steps_max(); ++i) {
    ++trace_.step;
    if (i % 8 == 0) {
      maintain();
      enable_all();
    }
    if (is_shared()) {
      step_nodes();
    } else {
      write_turn(*members_.front());
      engine_turn(*members_.front(), kAll);
    }
    if (i > 16 && is_quiet()) break;
    advance_to_next();
  }
  for (const auto& member : members_) {
    Node& node = *member->node;
    trace_.note(fmt::format(
        "the end, node {} lanes {} in flight {} work {} news {}",
        member->generation(),
        node.engine().lanes_count(),
        node.engine().in_flight(),
        node.has_work(),
        node.news_waiting()
    ));
  }
  checker_->on_end();
  // The longest hold is over: nothing keeps a lane any more.
  advance_by(is_shared() ? kHoldMax : std::chrono::hours{25});
  // What nodes look at from time to time may need a transaction.
  for (int i = 0; is_shared() && i < 3; ++i) step_nodes();
  for (const auto& member : members_) {
    engine_turn(*member, kAll);
    const Engine& engine = member->node->engine();
    if (engine.lanes_count() != 0) throw Violation{"lanes are left with nothing to do"};
    if (engine.ordering_bytes() != 0) throw Violation{"the budget of lines leaks"};
    if (engine.ready_bytes() != 0) throw Violation{"the budget of bytes leaks"};
  }
}

}  // namespace postrider::sim
