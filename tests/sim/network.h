// Requests under way and the receivers at their ends.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "transport/transport.h"

#include "tests/sim/plan.h"
#include "tests/sim/receiver.h"
#include "tests/sim/sim_clock.h"

namespace postrider::sim {

struct Flight {
  TransferId transfer = 0;
  std::uint64_t generation = 0;  ///< of the node that sent it
  std::int64_t endpoint = 0;
  std::int64_t event = 0;
  std::int64_t delivery = 0;
  Millis timeout{0};
  MonoTime reach_at;
  MonoTime answer_at;
  std::optional<Answer> answer;  ///< once it has reached its receiver
};

class Network {
 public:
  Network(const SimClock& clock, Prng prng) : clock_(clock), prng_(prng) {}

  void send(Flight flight);
  /// Lets requests arrive. Call after time has moved.
  void move();
  /// Takes the answers that have come for a node.
  [[nodiscard]] std::vector<std::pair<Flight, Completion>> take(std::uint64_t generation);
  /// The node is gone: what it sent may or may not arrive, and no answer does.
  void forget(std::uint64_t generation);

  void set_mode(std::int64_t endpoint, Mode mode) { modes_[endpoint] = mode; }
  [[nodiscard]] Mode mode(std::int64_t endpoint) const {
    const auto found = modes_.find(endpoint);
    return found == modes_.end() ? Mode::kHealthy : found->second;
  }
  /// From now on every receiver is well.
  void heal();

  /// When something happens next.
  [[nodiscard]] std::optional<MonoTime> next_at() const;
  [[nodiscard]] std::size_t under_way() const { return flights_.size(); }
  /// Whether the receiver has answered 2xx to a request of that event.
  [[nodiscard]] bool said_yes(std::int64_t event, std::int64_t endpoint) const {
    return yes_.contains({event, endpoint});
  }
  [[nodiscard]] bool said_gone(std::int64_t event, std::int64_t endpoint) const {
    return gone_.contains({event, endpoint});
  }

 private:
  void reach(Flight& flight);

  const SimClock& clock_;
  Prng prng_;
  std::vector<Flight> flights_;
  std::map<std::int64_t, Mode> modes_;
  std::set<std::pair<std::int64_t, std::int64_t>> yes_;
  std::set<std::pair<std::int64_t, std::int64_t>> gone_;
};

/// Passes every request to `on_request`.
class SimTransport final : public Transport {
 public:
  using OnRequest = std::function<void(TransferId, Request)>;
  explicit SimTransport(OnRequest on_request) : on_request_(std::move(on_request)) {}

  void submit(TransferId id, Request request) override { on_request_(id, std::move(request)); }
  // The simulator takes completions from the network by itself.
  void poll(Millis /*wait*/, std::vector<Completion>& /*out*/) override {}
  void wake() noexcept override {}

 private:
  OnRequest on_request_;
};

}  // namespace postrider::sim
