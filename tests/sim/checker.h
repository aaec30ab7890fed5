// Checks the invariants. Reads the tables with its own connection, sees every request and every
// answer, and never asks the code under test.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "domain/id.h"
#include "engine/template_runner.h"
#include "store/records.h"
#include "transport/transport.h"

#include "tests/sim/model.h"
#include "tests/sim/network.h"
#include "tests/sim/shared_database.h"
#include "tests/sim/sim_clock.h"
#include "tests/sim/tables.h"
#include "tests/sim/trace.h"

namespace postrider::sim {

/// Counted, not classified.
struct Counts {
  std::uint64_t events = 0;
  std::uint64_t requests = 0;
  std::uint64_t rendered = 0;   ///< attempts whose program has ended
  std::uint64_t filtered = 0;   ///< tries of commands that had to wait for filters
  std::uint64_t born_dead = 0;  ///< deliveries whose filter has failed
  std::uint64_t settled = 0;
  std::uint64_t late = 0;        ///< answers to an earlier round
  std::uint64_t duplicates = 0;  ///< requests after a 2xx that a crash kept from being written
  std::uint64_t commits = 0;
  std::uint64_t crashes = 0;
};

/// A node as it is when it does something.
struct Actor {
  std::uint64_t node = 0;  ///< its generation
  WallTime now;            ///< by its clock
  std::uint64_t told = 0;  ///< its engine was notified of its own commits up to here
  /// Its engine was notified of all nodes' commits up to this one. What it knows of endpoints
  /// comes with its own commits alone, what it knows of deliveries with these.
  std::uint64_t heard = 0;
};

class Checker {
 public:
  struct Parts {
    Tables& tables;
    const SimClock& clock;
    const Network& network;
    Trace& trace;
    IdCodec ids;
    std::size_t in_flight_max = 0;
    RetryPolicy retry_default;
    const SharedDatabase* shared = nullptr;  ///< null: there is one node, which has everything
  };
  explicit Checker(Parts parts) : p_(std::move(parts)) {}

  // The books.

  void put_endpoint(ModelEndpoint endpoint, int index);
  void remove_endpoint(std::int64_t id) { endpoints_.erase(id); }
  [[nodiscard]] const std::map<std::int64_t, ModelEndpoint>& endpoints() const {
    return endpoints_;
  }
  /// The producer received, or could have received, the response that the event is accepted.
  void accept(std::int64_t event, ModelEvent promise);
  /// A replay of an event has made or revived these deliveries.
  void on_event_replay(
      EventId event, std::optional<EndpointId> only, const std::vector<Delivery>& pending
  );
  void insert_outbox(std::int64_t number, ModelOutboxRow row) { outbox_[number] = std::move(row); }
  /// Rows of the outbox are being taken up now, with these endpoints.
  void take_up_outbox() { outbox_endpoints_.push_back(endpoints_); }
  GroupNotes notes;

  // What happens. Each throws a Violation.

  /// A node has the program of an attempt run.
  void on_render(TransferId transfer, const ProgramJob& job, const Actor& node);
  /// The node gets what a program has made.
  void on_rendered(const TemplateResult& result, const Actor& node);
  /// A node sends a request. Fills in what `flight` is for.
  void on_request(Flight& flight, const Request& request, const Actor& node);
  /// The node gets an answer now.
  void on_answer(const Flight& flight, const Response& response, const Actor& node);
  /// The node has classified the answers that it got.
  void on_turn(const Actor& node) {
    judge_circuits(node);
    end_programs();
  }
  /// The node's writer has had a turn. `seq`: of its commit, or of the last one.
  void on_commit(std::uint64_t seq, const Actor& node, const std::vector<Settlement>& settled);
  /// The notifications of the last commit never reach node `to`.
  void on_message_lost(std::uint64_t to);
  /// The node has committed that it acquires `partitions`; its engine is notified later.
  void on_adopt(const Partitions& partitions, const Actor& node);
  void on_adopted(const Partitions& partitions, const Actor& node);
  /// A node and all that it knew is gone, or it was removed and nothing that it does counts.
  void on_gone(std::uint64_t node);
  /// Everything must be final now.
  void on_end();
  [[nodiscard]] bool all_final() const;
  [[nodiscard]] bool all_active() const;

  [[nodiscard]] const std::map<std::int64_t, DeliveryRow>& deliveries() const { return current_; }
  [[nodiscard]] const std::map<std::int64_t, EndpointRow>& endpoint_rows() const {
    return current_endpoints_;
  }
  [[nodiscard]] const std::map<std::int64_t, EventRow>& events() const { return events_; }
  Counts counts;

 private:
  template <class Row>
  struct Version {
    std::uint64_t seq = 0;
    std::size_t clock_mark = 0;
    std::optional<Row> row;  ///< nothing: there is none any more
  };
  template <class Row>
  using History = std::map<std::int64_t, std::vector<Version<Row>>>;

  /// A circuit as this endpoint's failures make it.
  struct Breaker {
    std::int64_t failures = 0;
    bool open = false;
    std::int64_t delay_ms = 0;  ///< without jitter
    WallTime opened_at;
    WallTime failed_at;      ///< what set the delay
    WallTime probe_at;       ///< as stored, when it was taken from there
    MonoTime earliest;       ///< of the next probe
    std::int64_t probe = 0;  ///< the delivery in flight as one
    std::uint64_t told = 0;  ///< it includes all resets up to this commit
  };
  /// An attempt whose program is under way.
  struct Rendering {
    std::uint64_t node = 0;
    std::int64_t delivery = 0;
    std::int64_t endpoint = 0;
    std::string program;
    enum class State : std::uint8_t { kRunning, kMade, kNotRun } state = State::kRunning;
  };
  /// An attempt whose settlement is not committed.
  struct Unsettled {
    std::uint64_t node = 0;
    std::uint64_t row_seq = 0;  ///< of the row, as old as the node may have it
    bool was_sent = true;       ///< false: its program has refused it
    bool has_program = false;
    std::string objection;  ///< to its ending so; empty when there is none
    std::int64_t endpoint = 0;
    std::uint64_t told = 0;
    std::uint64_t endpoint_told = 0;    ///< up to here the node knows of its endpoint
    Breaker after;                      ///< its answer
    std::vector<RetryPolicy> policies;  ///< that may hold for it
    std::set<int> rounds;               ///< that it may belong to
    std::optional<std::string> lane_key;
    std::optional<Response> response;
    WallTime answered_at;
  };
  struct Health {
    std::int64_t since_ms = 0;
    std::int64_t failed = 0;
    bool operator==(const Health&) const = default;
  };

  [[noreturn]] void violate(std::string what, std::int64_t delivery, std::int64_t endpoint) const;
  void require(bool holds, const char* what, std::int64_t delivery, std::int64_t endpoint) const {
    if (!holds) violate(what, delivery, endpoint);
  }
  template <class Row>
  [[nodiscard]] static std::vector<const Version<Row>*> window(
      const History<Row>& history, std::int64_t id, std::uint64_t from
  );
  template <class Row>
  void remember(
      History<Row>& history,
      const std::map<std::int64_t, Row>& before,
      const std::map<std::int64_t, Row>& now,
      std::uint64_t seq
  );

  /// Takes the attempt's slots if everything allows it now.
  Unsettled& begin_attempt(const Flight& flight, const std::string& transform, const Actor& node);
  /// The node is the one that sends for the endpoint.
  void check_owner(const Flight& flight, std::uint64_t node) const;
  [[nodiscard]] bool is_owner(std::int64_t endpoint, std::uint64_t node) const {
    return p_.shared == nullptr || p_.shared->owner_of({endpoint}) == node;
  }
  /// Up to which commit the node knows of the delivery.
  [[nodiscard]] std::uint64_t heard_of(std::int64_t delivery, const Actor& node) const;
  /// What a program has made goes out in the turn in which the node gets it, before anything new
  /// begins, or not at all; an endpoint whose program could not be run is left alone.
  void end_programs();
  /// The delivery's program has refused it. It may end by that, if nothing has changed since the
  /// program began.
  void note_refusal(const Rendering& refused, const Actor& node);
  /// Attempts of the endpoint that have a slot.
  [[nodiscard]] std::size_t slots_of(std::int64_t endpoint) const;
  /// The endpoint is to be left alone, for as long as it asked for if it did.
  void hold(std::int64_t endpoint, std::optional<Millis> asked);
  void check_program(const Flight& flight, const std::string& transform, std::uint64_t told) const;
  void check_delivery_may_be_sent(const Flight& flight, const Actor& node, Unsettled& unsettled);
  void check_endpoint_may_be_sent_to(const Flight& flight, const Actor& node, Unsettled& unsettled);
  void check_order(const Flight& flight, const Actor& node, Unsettled& unsettled);
  void check_circuit(const Flight& flight, const Actor& node);
  /// Whether a person's asking lets the request through an open circuit; uses it up.
  [[nodiscard]] bool take_forwarded(const Flight& flight, std::uint64_t told);
  bool erase_forwarded(std::int64_t delivery, std::uint64_t told);
  void judge_circuits(const Actor& node);
  void judge_circuit(std::int64_t delivery, const Actor& node);
  /// Whether a commit after `from`, up to `until`, reset the endpoint's failures.
  [[nodiscard]] bool began_anew(std::int64_t endpoint, std::uint64_t from, std::uint64_t until)
      const;
  void note_beginning(const EndpointRow& before, const EndpointRow& after, std::uint64_t seq);
  void check_stored_circuit(const EndpointRow& row) const;
  /// As the next node that sends for the endpoint finds it in the table.
  [[nodiscard]] Breaker restored_circuit(const EndpointRow& row) const;
  [[nodiscard]] bool waited_long_enough(const DeliveryRow& row, WallTime now) const;
  void check_rate(const Flight& flight, std::uint64_t told);
  /// What of the sends of a process that is gone is known to the next.
  void forget_unknown_sends(std::int64_t endpoint, const Actor& node);
  void check_bytes(
      const Flight& flight, const Request& request, const Unsettled& sent, const Actor& node
  ) const;

  void check_events(const std::map<std::int64_t, DeliveryRow>& rows);
  void check_new_event(const EventRow& row, const std::map<std::int64_t, DeliveryRow>& rows);
  void check_outbox();
  /// Whether the delivery ended with the event that made it.
  [[nodiscard]] bool is_born_dead(const DeliveryRow& row) const;
  void check_replays() const;
  void check_settled(const Settlement& settlement, const Actor& node, std::uint64_t seq);
  /// What an answer means that says that the endpoint is gone.
  void note_gone(const Unsettled& sent, std::uint64_t seq);
  void check_applied(
      const Unsettled& sent, DeliveryRow& row, const DeliveryRow* after, WallTime now
  );
  void check_delivery_change(const DeliveryRow* before, const DeliveryRow* after, WallTime now)
      const;
  void check_pruned(const DeliveryRow& before) const;
  void check_endpoint_change(
      const EndpointRow& before, const EndpointRow& after, WallTime now, std::uint64_t seq
  );
  void check_attempts() const;

  Parts p_;
  std::map<std::int64_t, ModelEndpoint> endpoints_;
  std::vector<std::map<std::int64_t, ModelEndpoint>> outbox_endpoints_;  // of each take-up
  std::map<int, std::int64_t> endpoint_of_index_;
  std::map<std::int64_t, std::string> payload_of_;
  /// An event with the endpoints that want it and the line of each delivery.
  using Wanted = std::map<std::int64_t, Birth>;
  [[nodiscard]] static Wanted wanted_by(
      const std::map<std::int64_t, ModelEndpoint>& endpoints, const ModelEvent& event
  );
  std::map<std::int64_t, std::pair<ModelEvent, Wanted>> promised_;
  std::map<std::int64_t, ModelOutboxRow> outbox_;
  std::map<std::pair<std::string, std::string>, WallTime> outbox_keys_;  // when each was taken

  std::map<std::int64_t, DeliveryRow> current_;
  std::map<std::int64_t, DeliveryRow> middle_;  // after settling, before the commands of the group
  std::map<std::int64_t, DeliveryRow> after_;
  std::map<std::int64_t, EndpointRow> current_endpoints_;
  std::map<std::int64_t, EventRow> events_;
  std::int64_t last_event_ = 0;
  std::int64_t last_old_event_ = 0;  // of the commit before
  std::int64_t last_taken_up_ = 0;   // number of an outbox row
  std::map<std::int64_t, ModelEvent> accepted_;
  std::map<std::int64_t, std::string> rejected_;  // reason by number
  std::map<std::int64_t, int> taken_up_;          // events by the number of their outbox row
  History<DeliveryRow> history_;
  History<EndpointRow> endpoint_history_;
  std::map<std::int64_t, int> attempts_max_;  // that an endpoint's policies ever had
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> delivery_of_;  // event, endpoint
  // Deliveries ever made, by endpoint and line.
  std::map<std::pair<std::int64_t, std::string>, std::set<std::int64_t>> lines_;

  std::map<std::int64_t, Unsettled> unsettled_;                          // by delivery
  std::map<std::pair<std::uint64_t, TransferId>, Rendering> rendering_;  // by node
  std::map<std::int64_t, Unsettled> refused_;                            // by delivery
  std::map<std::int64_t, std::size_t> in_flight_;                        // by endpoint
  std::map<std::int64_t, std::uint64_t> settled_seq_;
  std::map<std::int64_t, std::uint64_t> gone_seq_;
  std::map<std::int64_t, MonoTime> holds_;  // by endpoint: left alone until then at least
  struct LongestHold {
    MonoTime until;
    Millis delay{1000};
  };
  std::map<std::int64_t, LongestHold> longest_holds_;
  struct Sent {
    MonoTime at;
    std::uint64_t told = 0;  ///< as the node was when it sent
    std::int64_t delivery = 0;
  };
  std::map<std::int64_t, Breaker> breakers_;                          // as the node has it
  std::map<std::int64_t, Breaker> stored_;                            // as the table has it
  std::map<std::int64_t, std::vector<std::uint64_t>> health_resets_;  // commits, by endpoint
  std::vector<std::int64_t> unjudged_;                                // deliveries with an answer
  std::map<std::int64_t, Breaker> adopting_;         // as the acquiring node read it
  std::uint64_t seq_ = 0;                            // of the last commit
  std::map<std::int64_t, std::uint64_t> forwarded_;  // deliveries that people asked for, when
  std::map<std::int64_t, EndpointRow> after_endpoints_;
  std::map<std::int64_t, std::vector<Sent>> sends_;         // by endpoint, oldest first
  std::set<std::int64_t> yes_unwritten_;                    // answered 2xx to a node that is gone
  std::map<std::int64_t, std::set<std::int64_t>> orphans_;  // in flight when their node was gone
  // Commits that changed a delivery without a notification to a node: by node and delivery.
  std::map<std::pair<std::uint64_t, std::int64_t>, std::uint64_t> unheard_;
  std::map<std::int64_t, Health> health_;
  std::set<std::int64_t> failing_;  // endpoints that this group must have disabled
  std::set<std::int64_t> gone_;
};

template <class Row>
std::vector<const Checker::Version<Row>*> Checker::window(
    const History<Row>& history, std::int64_t id, std::uint64_t from
) {
  std::vector<const Version<Row>*> found;
  const auto versions = history.find(id);
  if (versions == history.end()) return found;
  for (const auto& version : versions->second) {
    if (version.seq <= from) found.clear();
    found.push_back(&version);
  }
  return found;
}

}  // namespace postrider::sim
