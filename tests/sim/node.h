// One process of Postrider without its threads: store, group commit, engine, and queues between
// them.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "service/engine_inbox.h"
#include "service/group_commit.h"
#include "service/news.h"

#include "tests/sim/faulty_store.h"
#include "tests/sim/network.h"
#include "tests/sim/seat.h"

namespace postrider::sim {

/// A change with what the simulator makes of its end.
struct Command {
  std::string text;
  Change change;
  /// Called once it is known. `committed`: whether it is in the database; `answer`: the caller's
  /// result, null when the process was gone before.
  std::function<void(bool committed, const Status* answer)> done;
  bool ran_well = false;
};

/// What one turn of the writer did.
struct Written {
  bool committed = false;
  bool crashed = false;
  std::uint64_t seq = 0;                   ///< of the commit
  std::vector<Settlement> settled;         ///< in it
  std::vector<Command> commands;           ///< that were in the group
  std::vector<Status> answers;             ///< to them; empty after a crash
  bool refresh = false;                    ///< other nodes have to look for changes
  std::vector<std::string> notifications;  ///< to other nodes
  Partitions adopted;
};

class Node {
 public:
  struct Parts {
    std::string path;
    EngineOptions engine;
    StoreControl* control = nullptr;
    SimTransport::OnRequest on_request;
    std::function<void(TransferId, const ProgramJob&)> on_render;  ///< an attempt's programs wait
    std::function<void(const TemplateResult&)>
        on_rendered;  ///< the engine gets what became of them
    const Clock* clock = nullptr;
    std::uint64_t generation = 0;
    std::uint64_t* seq = nullptr;  ///< of the last commit, by any node
    std::uint64_t seed = 0;
    std::optional<Seat::Parts> seat;  ///< of a node that shares the database
    /// Called when the engine is notified of acquired partitions.
    std::function<void(const Partitions&)> on_adopted;
  };

  explicit Node(Parts parts);

  void enqueue(Command command) { commands_.push_back(std::move(command)); }
  [[nodiscard]] bool has_work() const { return !commands_.empty() || !unwritten_.empty(); }
  /// One turn of the writer with up to `commands_max` commands. `tell`: whether the process lives
  /// long enough to pass the notifications on.
  [[nodiscard]] Written write(WallTime now, std::size_t commands_max, bool tell);
  /// One turn of the dispatcher after `news_count` of the queued notifications.
  void turn(
      WallTime wall, MonoTime mono, std::vector<Completion> completions, std::size_t news_count
  );

  /// A pending delivery that is said to be due although the engine knows all of it, could send and
  /// does not. Nothing where the engine still has something to do, or may not send at all.
  [[nodiscard]] std::optional<DeliveryId> find_neglected(WallTime wall, MonoTime mono);

  [[nodiscard]] Engine& engine() { return *engine_; }
  /// Whether programs of attempts wait for a turn.
  [[nodiscard]] bool is_rendering() const { return template_runner_.any(); }
  [[nodiscard]] bool is_resyncing() const { return engine_inbox_->is_resyncing(); }
  [[nodiscard]] std::size_t news_waiting() const { return inbox_.size(); }
  /// Null unless the node shares the database.
  [[nodiscard]] Seat* seat() { return seat_.get(); }
  /// Sends nothing new and gives back what it has.
  void begin_leaving();
  /// Whether nothing of it is under way any more.
  [[nodiscard]] bool is_idle() const { return engine_->in_flight() == 0 && unwritten_.empty(); }
  [[nodiscard]] std::uint64_t generation() const { return parts_.generation; }
  /// The engine was notified of this node's commits up to this one.
  [[nodiscard]] std::uint64_t told_seq() const { return told_seq_; }
  /// The engine was notified of all nodes' commits up to this one.
  [[nodiscard]] std::uint64_t heard_seq() const;
  [[nodiscard]] bool read_failed() const { return read_failed_; }

 private:
  /// Keeps the programs of attempts until a later turn.
  class SimTemplateRunner final : public TemplateRunner {
   public:
    explicit SimTemplateRunner(std::function<void(TransferId, const ProgramJob&)> on_render)
        : on_render_(std::move(on_render)) {}

    void submit(TransferId id, ProgramJob job) override {
      on_render_(id, job);
      jobs_.emplace_back(id, std::move(job));
    }
    [[nodiscard]] bool any() const { return !jobs_.empty(); }
    /// Runs each waiting program, or leaves it for the next call.
    [[nodiscard]] std::vector<TemplateResult> run(Prng& prng);

   private:
    std::function<void(TransferId, const ProgramJob&)> on_render_;
    std::vector<std::pair<TransferId, ProgramJob>> jobs_;
  };

  class Sink final : public SettlementSink {
   public:
    Sink(std::vector<Settlement>& to, const StoreControl& control) : to_(to), control_(control) {}
    void put(Settlement settlement, Urgency urgency) override;

   private:
    std::vector<Settlement>& to_;
    const StoreControl& control_;
    int count_ = 0;
  };

  /// Adopts all there is: what a process that is alone does before it sends.
  void begin_process();
  void take_seat();
  /// Queues a change of the node's own.
  void post(std::string text, Change change);
  void ask_for(const Holdings::Asked& asked);
  void refresh();
  void hear(MonoTime mono);
  [[nodiscard]] News take_news(std::size_t news_count);
  void follow_seat(MonoTime mono);
  /// The delivery of the endpoint that has been due for longest.
  [[nodiscard]] DeliveryId first_pending(EndpointId endpoint, WallTime wall);
  void pass_on(Effects& effects, std::uint64_t seq);
  void settle_too_early();

  Parts parts_;
  std::unique_ptr<Seat> seat_;
  std::unique_ptr<StoreReader> writer_reader_;
  std::unique_ptr<StoreReader> engine_reader_;
  std::unique_ptr<FaultyStore> store_;
  std::unique_ptr<GroupCommit> group_;
  SimTransport transport_;
  SimTemplateRunner template_runner_;
  std::vector<Settlement> unwritten_;
  Sink sink_;
  Prng programs_prng_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<EngineInbox> engine_inbox_;
  std::vector<Command> commands_;
  struct Told {
    std::uint64_t seq = 0;
    bool is_own = true;  ///< of a commit of this node
    News news;
  };
  std::deque<Told> inbox_;
  std::uint64_t told_seq_;
  std::map<std::int64_t, LaneBackpressure> backpressure_;
  bool refreshing_ = false;  // a refresh is queued
  bool writable_ = true;
  bool read_failed_ = false;
};

}  // namespace postrider::sim
