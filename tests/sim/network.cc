#include "tests/sim/network.h"

#include <algorithm>

namespace postrider::sim {

void Network::send(Flight flight) {
  flight.reach_at = clock_.mono_now() + draw_millis(prng_, Millis{20});
  flight.answer_at = flight.reach_at;
  flights_.push_back(flight);
}

void Network::reach(Flight& flight) {
  flight.answer = draw_answer(prng_, mode(flight.endpoint), flight.timeout, clock_.wall_now());
  flight.answer_at = clock_.mono_now() + flight.answer->after;
  const Response& response = flight.answer->response;
  if (!flight.answer->arrives || response.failure != Response::Failure::kNone) return;
  if (response.status >= 200 && response.status <= 299)
    yes_.insert({flight.event, flight.endpoint});
  if (response.status == 410) gone_.insert({flight.event, flight.endpoint});
}

void Network::move() {
  for (auto& flight : flights_) {
    if (!flight.answer && flight.reach_at <= clock_.mono_now()) reach(flight);
  }
  // Answers to a node that is gone go nowhere.
  const auto is_over = [&](const Flight& flight) {
    return flight.generation == 0 && flight.answer.has_value();
  };
  flights_.erase(std::remove_if(flights_.begin(), flights_.end(), is_over), flights_.end());
}

std::vector<std::pair<Flight, Completion>> Network::take(std::uint64_t generation) {
  std::vector<std::pair<Flight, Completion>> taken;
  std::vector<Flight> rest;
  for (auto& flight : flights_) {
    const bool has_come =
        flight.generation == generation && flight.answer && flight.answer_at <= clock_.mono_now();
    if (has_come) {
      Completion completion{flight.transfer, flight.answer->response};
      taken.emplace_back(flight, std::move(completion));
    } else {
      rest.push_back(std::move(flight));
    }
  }
  flights_ = std::move(rest);
  return taken;
}

void Network::forget(std::uint64_t generation) {
  std::vector<Flight> rest;
  for (auto& flight : flights_) {
    if (flight.generation != generation) {
      rest.push_back(std::move(flight));
    } else if (!flight.answer && chance(prng_, 0.5)) {
      flight.generation = 0;
      rest.push_back(std::move(flight));
    }
  }
  flights_ = std::move(rest);
}

void Network::heal() {
  for (auto& [endpoint, mode] : modes_) mode = Mode::kHealthy;
}

std::optional<MonoTime> Network::next_at() const {
  std::optional<MonoTime> next;
  for (const auto& flight : flights_) {
    const MonoTime at = flight.answer ? flight.answer_at : flight.reach_at;
    if (!next || at < *next) next = at;
  }
  return next;
}

}  // namespace postrider::sim
