// One run: one node or several, their receivers, producers and operators, all from one seed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/filtering.h"

#include "tests/sim/checker.h"
#include "tests/sim/filters.h"
#include "tests/sim/node.h"
#include "tests/support/temp_dir.h"

namespace postrider::sim {

struct WorldOptions {
  std::uint64_t seed = 0;
  int steps = 300;
  Canary canary = Canary::kNone;
  std::string path;  ///< of a database that does not exist yet
};

class World {
 public:
  explicit World(WorldOptions options);

  /// Safety, then liveness. Throws a Violation.
  void run();

  [[nodiscard]] const Trace& trace() const { return trace_; }
  [[nodiscard]] const Counts& counts() const { return checker_->counts; }

 private:
  /// A process that runs, or is frozen.
  struct Member {
    Member(const SimClock& base, const MachineClock::Machine& machine)
        : machine_clock(base, machine) {}

    [[nodiscard]] std::uint64_t generation() const { return node->generation(); }

    StoreControl control;
    SimLease::Control lease;
    MachineClock machine_clock;
    AdjustedClock clock{machine_clock};
    int drain_steps = 0;  ///< until a process that drains ends
    // By the simulator's clock; in the past when it is not so.
    MonoTime frozen_until;
    MonoTime cut_off_until;
    MonoTime away_until;
    bool frozen = false;
    MonoTime messages_arrive_at;  ///< when the last notification in flight arrives
    std::unique_ptr<Node> node;
  };

  void step();
  void finish();
  [[nodiscard]] bool is_quiet();
  void enable_all();
  void advance();
  void advance_by(Millis by);
  void advance_to_next();
  /// False when the process is gone.
  bool write_turn(Member& member, bool tell = true);
  void engine_turn(Member& member, std::size_t news_count);
  /// Another process, which is the last of members_.
  Member& start(const char* why, const MachineClock::Machine& machine = {});
  void note_written(const Member& member, const Written& written, WallTime now);
  void on_request(Member& member, TransferId id, Request request);
  [[nodiscard]] Actor actor(const Member& member) const;

  // One process at a time.

  void step_single();
  void restart(const char* why);
  /// Another node takes over from one that is frozen.
  void take_over();
  /// The frozen node resumes where it stopped. None of its writes may reach the database.
  void wake_frozen();

  // Several nodes over one database; world_nodes.cc.

  [[nodiscard]] bool is_shared() const { return shared_ != nullptr; }
  [[nodiscard]] Member* find_member(std::uint64_t generation);
  void step_nodes();
  void join();
  void strike_nodes();
  void inject_fault(Member& member);
  /// False when it is gone.
  bool take_turns(Member& member);
  void wake(Member& member);
  void end_faults(Member& member);
  /// Renews the leases that are due.
  void renew_leases();
  void pass_mail(const Member& from, const Written& written, bool tell);
  /// The process ends; what it has in the database stays.
  void end_member(std::uint64_t generation, const char* why);
  void end_if_left(Member& member);
  [[nodiscard]] Member& any_member() {
    return *members_[members_.size() == 1 ? 0 : prng_.below(members_.size())];
  }

  // Producers; commands.cc.
  void draw_commands();
  void emit();
  void insert_outbox();
  [[nodiscard]] ModelEvent draw_event();
  [[nodiscard]] std::string draw_data();

  // Operators; operators.cc.
  void change_delivery();
  void replay_event();
  void start_task();
  void add_endpoint();
  void change_endpoint();
  void remove_endpoint();
  void set_state(std::int64_t endpoint, EndpointState state);
  void maintain();
  [[nodiscard]] EndpointConfig draw_config(int index);
  [[nodiscard]] std::optional<std::int64_t> pick_delivery(bool pending);
  [[nodiscard]] std::optional<std::int64_t> pick_endpoint();

  /// Queues a change whose result `done` gets when it is in the database.
  template <class T>
  void enqueue(
      std::string text,
      std::function<Result<T>(WriteContext&)> change,
      std::function<void(const T&)> done
  );
  /// Queues a change that is made once for all nodes.
  template <class T>
  void enqueue_led(
      std::string text,
      std::function<Result<T>(WriteContext&)> change,
      std::function<void(const T&)> done
  );
  [[nodiscard]] Member& leader();
  template <class T>
  using Filtered = std::function<Result<T>(WriteContext&, Filtering&)>;
  /// A change that is tried again while filters have to run before it.
  template <class T>
  void enqueue_filtered(
      std::string text,
      Filtered<T> change,
      std::function<void(const T&)> done,
      std::shared_ptr<Filtering> filtering = std::make_shared<Filtering>()
  );
  /// What happens between two tries. False when the filters cannot be run.
  [[nodiscard]] bool run_filters(Filtering& filtering);
  template <class T>
  [[nodiscard]] static Command command_of(
      std::string text,
      std::function<Result<T>(WriteContext&)> change,
      std::function<void(const T&)> done
  );
  [[nodiscard]] bool happens(double p) { return chance(prng_, p); }

  const WorldOptions options_;
  Prng prng_;
  Plan plan_;
  FilterRunner filters_{Prng{options_.seed}, options_.canary};
  SimClock clock_;
  Trace trace_{clock_};
  std::unique_ptr<SharedDatabase> shared_;  ///< null with one process at a time
  std::unique_ptr<Tables> tables_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<Checker> checker_;
  std::vector<std::unique_ptr<Member>> members_;
  std::unique_ptr<Member>
      frozen_;  ///< frozen and replaced by another node; with one node at a time
  std::uint64_t generation_ = 0;
  std::uint64_t seq_ = 0;
  std::int64_t machines_ = 1;
  WallTime written_at_;  ///< by the clock of the node that wrote last
  bool ending_ = false;

  std::int64_t events_count_ = 0;
  int endpoints_count_ = 0;
  std::map<std::pair<std::string, std::string>, ModelKey> keys_;
  std::vector<TaskId> tasks_;
};

template <class T>
void World::enqueue(
    std::string text,
    std::function<Result<T>(WriteContext&)> change,
    std::function<void(const T&)> done
) {
  any_member().node->enqueue(command_of<T>(std::move(text), std::move(change), std::move(done)));
}

template <class T>
void World::enqueue_led(
    std::string text,
    std::function<Result<T>(WriteContext&)> change,
    std::function<void(const T&)> done
) {
  auto led = [change = std::move(change)](WriteContext& context) -> Result<T> {
    if (!context.leads()) return fail(Errc::kConflict, "this node does not lead");
    return change(context);
  };
  leader().node->enqueue(command_of<T>(std::move(text), std::move(led), std::move(done)));
}

template <class T>
void World::enqueue_filtered(
    std::string text,
    Filtered<T> change,
    std::function<void(const T&)> done,
    std::shared_ptr<Filtering> filtering
) {
  Command command = command_of<T>(
      text, [=](WriteContext& context) { return change(context, *filtering); }, done
  );
  command.done = [=, this, first = std::move(command.done)](bool committed, const Status* answer) {
    first(committed, answer);
    // A process that is gone tries nothing again.
    if (answer == nullptr || !filtering->needs_any() || !run_filters(*filtering)) return;
    enqueue_filtered<T>(text, change, done, filtering);
  };
  any_member().node->enqueue(std::move(command));
}

template <class T>
Command World::command_of(
    std::string text,
    std::function<Result<T>(WriteContext&)> change,
    std::function<void(const T&)> done
) {
  // Shared by the change, which runs in a transaction, and by what follows from it.
  auto value = std::make_shared<std::optional<T>>();
  Command command;
  command.text = std::move(text);
  command.change = [value, change = std::move(change)](WriteContext& context) -> Status {
    value->reset();
    auto result = change(context);
    if (!result) return tl::unexpected(std::move(result).error());
    *value = std::move(*result);
    return {};
  };
  command.done = [value, done = std::move(done)](bool committed, const Status* answer) {
    const bool accepted = answer != nullptr && answer->has_value();
    // What was answered must be there, even if it seems that nothing was committed.
    if (*value && ((committed && (answer == nullptr || accepted)) || accepted)) done(**value);
  };
  return command;
}

}  // namespace postrider::sim
