// Checks of the programs of attempts: who has one, and what becomes of its output.
#include <nlohmann/json.hpp>

#include "tests/sim/checker.h"

namespace postrider::sim {

void Checker::on_render(TransferId transfer, const ProgramJob& job, const Actor& node) {
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
          "node {}: program {} for delivery {}, transfer {}, told of commits {} and {}",
          node.node,
          job.programs.front(),
          flight.delivery,
          transfer,
          node.told,
          node.heard
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
  check_owner(flight, node.node);
  check_delivery_may_be_sent(flight, node, begun);
  check_endpoint_may_be_sent_to(flight, node, begun);
  check_program(flight, job.programs.front(), begun.endpoint_told);
  for (const auto& [other, rendering] : rendering_)
    require(
        rendering.delivery != flight.delivery, "two programs at once", flight.delivery, job.owner
    );
  refused_.erase(flight.delivery);
  rendering_[{node.node, transfer}] = {
      node.node, flight.delivery, flight.endpoint, job.programs.front()};
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

void Checker::on_rendered(const TemplateResult& result, const Actor& node) {
  ++counts.rendered;
  Rendering& rendering = rendering_.at({node.node, result.id});
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
    note_refusal(rendering_.extract({node.node, result.id}).mapped(), node);
  }
}

void Checker::note_refusal(const Rendering& refused, const Actor& node) {
  Flight flight;
  flight.delivery = refused.delivery;
  flight.endpoint = refused.endpoint;
  flight.event = current_.at(refused.delivery).event;
  Unsettled attempt;
  attempt.node = node.node;
  attempt.was_sent = false;
  attempt.has_program = true;
  attempt.endpoint = refused.endpoint;
  attempt.told = node.told;
  attempt.response = Response{};
  attempt.answered_at = node.now;
  try {
    check_delivery_may_be_sent(flight, node, attempt);
    check_endpoint_may_be_sent_to(flight, node, attempt);
    check_program(flight, refused.program, attempt.endpoint_told);
    check_order(flight, node, attempt);
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
