// Checks of the programs of attempts: who has one, and what becomes of its output.
#include <nlohmann/json.hpp>

#include "tests/sim/checker.h"

namespace postrider::sim {

void Checker::on_render(TransferId transfer, const ProgramJob& job, std::uint64_t told) {
  end_programs();
  const auto input = nlohmann::json::parse(job.input);
  const auto event = p_.ids.decode_event(input.at("id").get<std::string>());
  require(event.has_value(), "a program gets no event", 0, job.owner);
  Flight flight;
  flight.transfer = transfer;
  flight.endpoint = job.owner;
  flight.event = event->value;
  const auto delivery = delivery_of_.find({flight.event, flight.endpoint});
  if (delivery == delivery_of_.end())
    violate("a program for a delivery that was never committed", 0, flight.endpoint);
  flight.delivery = delivery->second;
  require(job.programs.size() == 1, "not one program", flight.delivery, flight.endpoint);
  p_.trace.note(
      flight.delivery,
      flight.endpoint,
      fmt::format(
          "program {} for delivery {}, transfer {}, told of commit {}",
          job.programs.front(),
          flight.delivery,
          transfer,
          told
      )
  );
  const EventRow& row = events_.at(flight.event);
  require(
      input.at("data") == nlohmann::json::parse(row.data) && input.at("type") == row.type,
      "a program gets another event",
      flight.delivery,
      flight.endpoint
  );
  Unsettled begun;
  check_delivery_may_be_sent(flight, told, begun);
  check_endpoint_may_be_sent_to(flight, told, begun);
  check_program(flight, job.programs.front(), told);
  for (const auto& [other, rendering] : rendering_)
    require(
        rendering.delivery != flight.delivery, "two programs at once", flight.delivery, job.owner
    );
  refused_.erase(flight.delivery);
  rendering_[transfer] = {flight.delivery, flight.endpoint, job.programs.front()};
}

void Checker::check_program(const Flight& flight, const std::string& transform, std::uint64_t told)
    const {
  for (const auto* version : window(endpoint_history_, flight.endpoint, told)) {
    if (version->row && parse_config(version->row->config).transform == transform) return;
  }
  const char* what =
      transform.empty() ? "a request without its program" : "a program that the endpoint has not";
  violate(what, flight.delivery, flight.endpoint);
}

void Checker::on_rendered(const Rendered& result, std::uint64_t told) {
  ++counts.rendered;
  Rendering& rendering = rendering_.at(result.id);
  const ProgramOutput& output = result.outputs.front();
  p_.trace.note(
      rendering.delivery,
      rendering.endpoint,
      fmt::format(
          "output for delivery {}: {}", rendering.delivery, output ? "made" : output.error().context
      )
  );
  if (output) {
    rendering.state = Rendering::State::kMade;
  } else if (output.error().code == Errc::kUnavailable) {
    rendering.state = Rendering::State::kNotRun;
  } else {
    note_refusal(rendering_.extract(result.id).mapped(), told);
  }
}

void Checker::note_refusal(const Rendering& refused, std::uint64_t told) {
  Flight flight;
  flight.delivery = refused.delivery;
  flight.endpoint = refused.endpoint;
  flight.event = current_.at(refused.delivery).event;
  Unsettled attempt;
  attempt.was_sent = false;
  attempt.has_program = true;
  attempt.endpoint = refused.endpoint;
  attempt.told = told;
  attempt.response = Response{};
  attempt.answered_at = p_.clock.wall_now();
  try {
    check_delivery_may_be_sent(flight, told, attempt);
    check_endpoint_may_be_sent_to(flight, told, attempt);
    check_program(flight, refused.program, told);
    check_order(flight, told, attempt);
  } catch (const Violation& violation) {
    attempt.objection = violation.what;
  }
  refused_[refused.delivery] = std::move(attempt);
}

void Checker::end_programs() {
  std::erase_if(rendering_, [this](const auto& entry) {
    const Rendering& rendering = entry.second;
    if (rendering.state == Rendering::State::kNotRun) hold(rendering.endpoint, std::nullopt);
    return rendering.state != Rendering::State::kRunning;
  });
}

}  // namespace postrider::sim
