// Checks of every request as it goes out, and of every answer.
#include <algorithm>
#include <charconv>

#include "signing/standard.h"

#include "tests/sim/checker.h"

namespace postrider::sim {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

Headers split(const std::vector<std::string>& lines) {
  Headers headers;
  for (const auto& line : lines) {
    const auto colon = line.find(": ");
    headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  return headers;
}

std::string header(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

std::optional<Millis> retry_after(const Response& response, WallTime now) {
  const std::string& text = response.retry_after;
  int seconds = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (!text.empty() && parsed.ptr == text.data() + text.size())
    return std::chrono::seconds{seconds};
  const auto date = parse_http_date(text);
  if (!date) return std::nullopt;
  return std::clamp(Millis{*date - now}, Millis{0}, Millis{std::chrono::hours{24}});
}

bool throttles(const Response& response) {
  const int status = response.status;
  return response.failure == Response::Failure::kNone &&
         (status == 429 || status == 502 || status == 503 || status == 504);
}

}  // namespace

void Checker::violate(std::string what, std::int64_t delivery, std::int64_t endpoint) const {
  throw Violation{std::move(what), delivery, endpoint};
}

void Checker::on_request(Flight& flight, const Request& request, std::uint64_t told) {
  const Headers headers = split(request.headers);
  const auto event = p_.ids.decode_event(header(headers, "webhook-id"));
  require(event.has_value(), "a request has no webhook-id of an event", 0, 0);
  int index = -1;
  const auto slash = request.url.rfind('/') + 1;
  std::from_chars(request.url.data() + slash, request.url.data() + request.url.size(), index);
  require(endpoint_of_index_.contains(index), "a request goes to no endpoint's URL", 0, 0);
  flight.event = event->value;
  flight.endpoint = endpoint_of_index_.at(index);
  const auto delivery = delivery_of_.find({flight.event, flight.endpoint});
  if (delivery == delivery_of_.end())
    violate("a request of a delivery that was never committed", 0, flight.endpoint);
  flight.delivery = delivery->second;
  flight.timeout = request.timeout;
  ++counts.requests;
  p_.trace.note(
      flight.delivery,
      flight.endpoint,
      fmt::format(
          "request {} of delivery {} to endpoint {}, told of commit {}, attempt {}",
          flight.transfer,
          flight.delivery,
          flight.endpoint,
          told,
          header(headers, "postrider-attempt")
      )
  );
  std::string program;
  if (const auto rendered = rendering_.extract(flight.transfer); !rendered.empty()) {
    require(
        rendered.mapped().delivery == flight.delivery &&
            rendered.mapped().state == Rendering::State::kMade,
        "a request that its program has not made",
        flight.delivery,
        flight.endpoint
    );
    program = rendered.mapped().program;
  } else {
    end_programs();
  }
  const Unsettled& sent = begin_attempt(flight, program, told);
  check_bytes(flight, request, sent);
  if (yes_unwritten_.erase(flight.delivery) > 0) ++counts.duplicates;
}

Checker::Unsettled& Checker::begin_attempt(
    const Flight& flight, const std::string& transform, std::uint64_t told
) {
  judge_circuits(told);
  Unsettled begun;
  begun.endpoint = flight.endpoint;
  begun.told = told;
  begun.has_program = !transform.empty();
  check_delivery_may_be_sent(flight, told, begun);
  check_endpoint_may_be_sent_to(flight, told, begun);
  check_program(flight, transform, told);
  check_order(flight, told, begun);
  check_rate(flight, told);
  check_circuit(flight, told);
  ++in_flight_[flight.endpoint];
  refused_.erase(flight.delivery);
  return unsettled_.emplace(flight.delivery, std::move(begun)).first->second;
}

void Checker::check_delivery_may_be_sent(
    const Flight& flight, std::uint64_t told, Unsettled& unsettled
) {
  const std::int64_t id = flight.delivery;
  require(!unsettled_.contains(id), "a delivery is sent twice at once", id, flight.endpoint);
  require(
      unsettled_.size() + rendering_.size() < p_.in_flight_max,
      "more requests than the process may have",
      id,
      flight.endpoint
  );
  const auto settled = settled_seq_.find(id);
  const auto from = std::max(told, settled == settled_seq_.end() ? 0 : settled->second);
  bool pending = false;
  bool due = false;
  for (const auto* version : window(history_, id, from)) {
    if (!version->row || !version->row->is_pending()) continue;
    pending = true;
    unsettled.rounds.insert(version->row->round);
    const WallTime due_at = from_unix_ms(version->row->due_at_ms);
    due |= due_at <= p_.clock.wall_now() || due_at <= p_.clock.wall_max_since(version->clock_mark);
  }
  require(pending, "a delivery is sent that is final", id, flight.endpoint);
  require(due, "a delivery is sent before it is due", id, flight.endpoint);
  const EventRow& event = events_.at(flight.event);
  require(
      event.expires_at_ms == 0 || from_unix_ms(event.expires_at_ms) > p_.clock.wall_now(),
      "an event is sent that has expired",
      id,
      flight.endpoint
  );
}

void Checker::check_endpoint_may_be_sent_to(
    const Flight& flight, std::uint64_t told, Unsettled& unsettled
) {
  const std::int64_t id = flight.endpoint;
  const auto gone = gone_seq_.find(id);
  const auto from = std::max(told, gone == gone_seq_.end() ? 0 : gone->second);
  bool active = false;
  int in_flight_max = 0;
  for (const auto* version : window(endpoint_history_, id, from)) {
    if (!version->row || version->row->deleted) continue;
    const ParsedConfig config = parse_config(version->row->config);
    in_flight_max = std::max(in_flight_max, config.strict ? 1 : config.max_in_flight);
    unsettled.policies.push_back(config.retry.value_or(p_.retry_default));
    active |= version->row->state == "active" &&
              (gone == gone_seq_.end() || version->seq >= gone->second);
  }
  require(active, "a request to an endpoint that is not active", flight.delivery, id);
  require(
      slots_of(id) < static_cast<std::size_t>(in_flight_max),
      "more requests than the endpoint's max_in_flight",
      flight.delivery,
      id
  );
  const auto hold = holds_.find(id);
  require(
      hold == holds_.end() || hold->second <= p_.clock.mono_now(),
      "a request to an endpoint that is held",
      flight.delivery,
      id
  );
}

void Checker::check_order(const Flight& flight, std::uint64_t told, Unsettled& unsettled) {
  const std::int64_t id = flight.delivery;
  unsettled.lane_key = history_.at(id).front().row->lane_key;
  if (!unsettled.lane_key) return;
  for (const auto& [other, sent] : unsettled_) {
    const bool same = sent.endpoint == flight.endpoint && sent.lane_key == unsettled.lane_key;
    require(!same, "two deliveries of a line are sent at once", id, flight.endpoint);
  }
  // Whatever the node knows, from what it was told to what is on the disk: a delivery that is
  // pending in all of it comes first.
  for (const std::int64_t older : lines_.at({flight.endpoint, *unsettled.lane_key})) {
    if (older >= id) break;
    const auto versions = window(history_, older, told);
    const auto is_pending = [](const auto* version) {
      return version->row && version->row->is_pending();
    };
    const bool waits =
        !versions.empty() && std::all_of(versions.begin(), versions.end(), is_pending);
    require(!waits, "a delivery passes an older one of its line", id, flight.endpoint);
  }
}

void Checker::check_bytes(const Flight& flight, const Request& request, const Unsettled& sent)
    const {
  const std::uint64_t told = sent.told;
  const Headers headers = split(request.headers);
  const WallTime now = p_.clock.wall_now();
  const auto violates = [&](const char* what) { violate(what, flight.delivery, flight.endpoint); };
  const EventRow& event = events_.at(flight.event);
  if (sent.has_program && request.body != kProgramBody)
    violates("the body is not what the program has made");
  if (!sent.has_program && request.body.find(event.data) == std::string::npos)
    violates("the body lacks the data");
  if (count(request.url, "\n") > 0) violates("a line break in a URL");
  for (const char* name : {"webhook-id", "webhook-timestamp", "webhook-signature"}) {
    const auto is_it = [&](const auto& line) { return line.first == name; };
    if (std::count_if(headers.begin(), headers.end(), is_it) != 1)
      violates("a webhook header is not there once");
  }
  if (header(headers, "webhook-timestamp") != std::to_string(unix_ms(now) / 1000))
    violates("webhook-timestamp is not now");
  bool numbered = false;
  for (const auto* version : window(history_, flight.delivery, told)) {
    numbered |= version->row &&
                header(headers, "postrider-attempt") == std::to_string(version->row->attempts + 1);
  }
  if (!numbered) violates("postrider-attempt is wrong");
  const auto signatures = count(header(headers, "webhook-signature"), "v1,");
  bool verified = false;
  for (const auto* version : window(endpoint_history_, flight.endpoint, told)) {
    if (!version->row) continue;
    std::size_t valid = 0;
    bool all = true;
    for (const auto& secret : version->row->secrets) {
      if (secret.expires_at_ms != 0 && from_unix_ms(secret.expires_at_ms) <= now) continue;
      ++valid;
      all &= signing::standard().verify(secret.value, {headers, request.body, now}, {}).has_value();
    }
    verified |= all && valid > 0 && valid == signatures;
  }
  if (!verified) violates("the signatures are not those of the valid secrets over the body");
}

void Checker::on_answer(const Flight& flight, const Response& response) {
  p_.trace.note(
      flight.delivery,
      flight.endpoint,
      fmt::format(
          "answer to request {}: status {} failure {} retry-after '{}'",
          flight.transfer,
          response.status,
          static_cast<int>(response.failure),
          response.retry_after
      )
  );
  Unsettled& unsettled = unsettled_.at(flight.delivery);
  unsettled.response = response;
  unsettled.answered_at = p_.clock.wall_now();
  unjudged_.push_back(flight.delivery);
  if (throttles(response)) {
    hold(flight.endpoint, retry_after(response, p_.clock.wall_now()));
  } else {
    longest_holds_[flight.endpoint].delay = Millis{1000};
  }
  if (response.failure == Response::Failure::kNone && response.status == 410)
    gone_seq_[flight.endpoint] = std::numeric_limits<std::uint64_t>::max();
}

void Checker::hold(std::int64_t endpoint, std::optional<Millis> asked) {
  const MonoTime now = p_.clock.mono_now();
  LongestHold& longest = longest_holds_[endpoint];
  MonoTime& until = holds_[endpoint];
  // Unasked, what lasts already is not prolonged. It may last a second or, when the endpoint has
  // been held before, longer.
  if (asked) {
    until = std::max(until, now + *asked);
    longest.until = std::max(longest.until, now + *asked);
  } else if (longest.until <= now) {
    until = std::max(until, now + Millis{1000});
    longest.until = now + longest.delay;
    longest.delay = std::min(longest.delay * 2, Millis{60'000});
  }
}

std::size_t Checker::slots_of(std::int64_t endpoint) const {
  const auto sent = in_flight_.find(endpoint);
  const auto rendering =
      std::count_if(rendering_.begin(), rendering_.end(), [&](const auto& entry) {
        return entry.second.endpoint == endpoint;
      });
  return (sent == in_flight_.end() ? 0 : sent->second) + static_cast<std::size_t>(rendering);
}

void Checker::on_crash() {
  ++counts.crashes;
  for (const auto& [delivery, unsettled] : unsettled_) {
    const auto& response = unsettled.response;
    if (response && response->failure == Response::Failure::kNone && response->status >= 200 &&
        response->status <= 299)
      yes_unwritten_.insert(delivery);
  }
  forget_unknown_sends();
  restore_circuits();
  unsettled_.clear();
  rendering_.clear();
  refused_.clear();
  in_flight_.clear();
  settled_seq_.clear();
  gone_seq_.clear();
  holds_.clear();
  longest_holds_.clear();
}

}  // namespace postrider::sim
