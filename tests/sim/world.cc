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
/// How long a turn lets programs run that are under way.
constexpr Millis kRendering{5};

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
  checker_ = std::make_unique<Checker>(Checker::Parts{
      *tables_,
      clock_,
      *network_,
      trace_,
      IdCodec{kSalt},
      plan_.in_flight_max,
      default_policy(),
  });
  restart("start");
}

void World::restart(const char* why) {
  trace_.note(fmt::format("node {}: {}", generation_ + 1, why));
  if (generation_ > 0) {
    network_->forget(generation_);
    node_.reset();
    if (happens(plan_.reboot)) clock_.reboot();
    checker_->on_crash();
  }
  ++generation_;
  drain_steps_ = 0;
  control_ = std::make_unique<StoreControl>();
  control_->plan = &plan_;
  control_->prng = Prng{prng_.next()};
  control_->canary = options_.canary;
  Node::Parts parts;
  parts.path = options_.path;
  parts.engine.in_flight_max = plan_.in_flight_max;
  parts.engine.ready_bytes_max = plan_.ready_bytes_max;
  parts.engine.line_bytes_max = plan_.line_bytes_max;
  parts.engine.retry_default = default_policy();
  parts.engine.request.user_agent = "sim";
  parts.control = control_.get();
  parts.on_request = [this](TransferId id, Request request) { on_request(id, std::move(request)); };
  parts.on_render = [this](TransferId id, const ProgramJob& job) {
    checker_->on_render(id, job, node_->told_seq());
  };
  parts.on_rendered = [this](const Rendered& result) {
    checker_->on_rendered(result, node_->told_seq());
  };
  parts.clock = &clock_;
  parts.generation = generation_;
  parts.seq = seq_;
  parts.seed = prng_.next();
  node_ = std::make_unique<Node>(std::move(parts));
}

void World::follow() {
  frozen_.reset();
  control_->followed = true;
  frozen_ = Frozen{std::move(control_), std::move(node_)};
  restart("follows one that is frozen");
}

void World::wake_frozen() {
  const Frozen frozen = std::move(*frozen_);
  frozen_.reset();
  if (!frozen.node->has_work()) return;
  trace_.note(fmt::format("node {}: wakes up", frozen.node->generation()));
  const WallTime now = clock_.wall_now();
  note_written(frozen.node->write(now, kAll, false), now);
}

void World::on_request(TransferId id, Request request) {
  if (options_.canary == Canary::kWrongBytesSigned) request.body += ' ';
  Flight flight;
  flight.transfer = id;
  flight.generation = generation_;
  checker_->on_request(flight, request, node_->told_seq());
  network_->send(std::move(flight));
}

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
    advance_to_next();
  } else {
    clock_.advance(draw_millis(prng_, plan_.step_max));
  }
  network_->move();
}

void World::advance_to_next() {
  std::optional<Millis> wait = node_->engine().idle_for(clock_.wall_now(), clock_.mono_now());
  if (const auto next = network_->next_at()) {
    const auto until = std::chrono::ceil<Millis>(*next - clock_.mono_now());
    if (!wait || until < *wait) wait = until;
  }
  if (node_->is_rendering()) wait = std::min(wait.value_or(kRendering), kRendering);
  clock_.advance(std::clamp(wait.value_or(Millis{1000}), Millis{0}, Millis{86'400'000}));
  network_->move();
}

void World::write_turn(bool tell) {
  if (!node_->has_work()) return;
  const std::size_t commands_max = 1 + prng_.below(8);
  const WallTime now = clock_.wall_now();
  const Written written = node_->write(now, commands_max, tell);
  note_written(written, now);
  if (written.crashed) return restart("crashed in a commit");
  if (!tell) restart("crashed between commit and news");
}

void World::note_written(const Written& written, WallTime now) {
  if (written.committed) seq_ = written.seq;
  for (std::size_t i = 0; i < written.commands.size(); ++i) {
    const Command& command = written.commands[i];
    const Status* answer = written.answers.empty() ? nullptr : &written.answers[i];
    trace_.note(fmt::format(
        "commit {}: {}: {}",
        written.committed ? seq_ : 0,
        command.text,
        answer == nullptr ? "no answer" : (*answer ? "done" : answer->error().context)
    ));
    command.done(written.committed && command.ran_well, answer);
  }
  checker_->on_commit(seq_, now, written.settled);
}

void World::engine_turn(std::size_t news_count) {
  std::vector<Completion> completions;
  for (auto& [flight, completion] : network_->take(generation_)) {
    checker_->on_answer(flight, completion.response);
    completions.push_back(std::move(completion));
  }
  node_->turn(clock_.wall_now(), clock_.mono_now(), std::move(completions), news_count);
  checker_->on_turn(node_->told_seq());
}

void World::step() {
  ++trace_.step;
  advance();
  draw_commands();
  if (happens(plan_.crash)) restart("crashed");
  if (happens(plan_.freeze)) follow();
  if (frozen_ && happens(0.2)) wake_frozen();
  if (happens(plan_.drain)) {
    node_->engine().drain();
    drain_steps_ = 20;
  }
  if (drain_steps_ > 0 && --drain_steps_ == 0) restart("drained");
  if (happens(plan_.write_turn)) write_turn(!happens(plan_.crash / 4));
  if (happens(plan_.engine_turn)) {
    const bool late = happens(plan_.news_delay);
    engine_turn(late ? prng_.below(3) : kAll);
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

void World::finish() {
  trace_.note("faults are over");
  ending_ = true;
  control_->faults = false;
  plan_.wall_step = 0;
  plan_.long_jump = 0;
  network_->heal();
  if (frozen_) wake_frozen();
  if (drain_steps_ > 0) restart("drained");
  const std::size_t steps_max = kEndStepsMin + kEndStepsPerDelivery * checker_->deliveries().size();
  for (std::size_t i = 0; i < steps_max; ++i) {
    ++trace_.step;
    if (i % 8 == 0) {
      maintain();
      enable_all();
    }
    write_turn();
    engine_turn(kAll);
    const bool quiet = checker_->all_final() && checker_->all_active() && !node_->has_work() &&
                       node_->news_waiting() == 0 && node_->engine().in_flight() == 0 &&
                       !node_->is_rendering() && tables_->outbox().empty() &&
                       tables_->number("SELECT count(*) FROM task WHERE state = 'running'") == 0;
    if (quiet && i > 16) break;
    advance_to_next();
  }
  trace_.note(fmt::format(
      "the end, lanes {} in flight {} work {} news {} engine idle for {}",
      node_->engine().lanes_count(),
      node_->engine().in_flight(),
      node_->has_work(),
      node_->news_waiting(),
      node_->engine().idle_for(clock_.wall_now(), clock_.mono_now()).value_or(Millis{-1}).count()
  ));
  checker_->on_end();
  // The longest hold is over: nothing keeps a lane any more.
  clock_.advance(std::chrono::hours{25});
  engine_turn(kAll);
  if (node_->engine().lanes_count() != 0) throw Violation{"lanes are left with nothing to do"};
  if (node_->engine().line_bytes() != 0) throw Violation{"the budget of lines leaks"};
  if (node_->engine().ready_bytes() != 0) throw Violation{"the budget of bytes leaks"};
}

}  // namespace postrider::sim
