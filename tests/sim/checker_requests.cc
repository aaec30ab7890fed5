// Checks of every request as it goes out, and of every answer.
#include <algorithm>
#include <charconv>
#include <utility>

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

void Checker::on_request(Flight& flight, const Request& request, const Actor& node) {
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
          "node {}: request {} of delivery {} to endpoint {}, told of commits {} and {}, attempt "
          "{}",
          node.node,
          flight.transfer,
          flight.delivery,
          flight.endpoint,
          node.told,
          node.heard,
          header(headers, "postrider-attempt")
      )
  );
  std::string program;
  if (const auto rendered = rendering_.extract({node.node, flight.transfer}); !rendered.empty()) {
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
  const Unsettled& sent = begin_attempt(flight, program, node);
  check_bytes(flight, request, sent, node);
  if (yes_unwritten_.erase(flight.delivery) > 0) ++counts.duplicates;
}

Checker::Unsettled& Checker::begin_attempt(
    const Flight& flight, const std::string& transform, const Actor& node
) {
  judge_circuits(node);
  Unsettled begun;
  begun.node = node.node;
  begun.endpoint = flight.endpoint;
  begun.told = node.told;
  begun.has_program = !transform.empty();
  check_owner(flight, node.node);
  check_delivery_may_be_sent(flight, node, begun);
  check_endpoint_may_be_sent_to(flight, node, begun);
  check_program(flight, transform, begun.endpoint_told);
  check_order(flight, node, begun);
  check_rate(flight, node.told);
  check_circuit(flight, node);
  ++in_flight_[flight.endpoint];
  refused_.erase(flight.delivery);
  return unsettled_.emplace(flight.delivery, std::move(begun)).first->second;
}

void Checker::check_owner(const Flight& flight, std::uint64_t node) const {
  require(
      is_owner(flight.endpoint, node),
      "a node sends for an endpoint that is not its own",
      flight.delivery,
      flight.endpoint
  );
}

std::uint64_t Checker::heard_of(std::int64_t delivery, const Actor& node) const {
  const auto unheard = unheard_.find({node.node, delivery});
  return unheard == unheard_.end() ? node.heard : std::min(node.heard, unheard->second - 1);
}

void Checker::on_message_lost(std::uint64_t to) {
  for (const auto& [id, row] : current_) {
    if (history_.at(id).back().seq == seq_) unheard_.try_emplace({to, id}, seq_);
  }
}

void Checker::check_delivery_may_be_sent(
    const Flight& flight, const Actor& node, Unsettled& unsettled
) {
  const std::int64_t id = flight.delivery;
  require(!unsettled_.contains(id), "a delivery is sent twice at once", id, flight.endpoint);
  const auto is_its_own = [&](const auto& entry) { return entry.second.node == node.node; };
  const auto taken = std::count_if(unsettled_.begin(), unsettled_.end(), is_its_own) +
                     std::count_if(rendering_.begin(), rendering_.end(), is_its_own);
  require(
      static_cast<std::size_t>(taken) < p_.in_flight_max,
      "more requests than the process may have",
      id,
      flight.endpoint
  );
  const auto settled = settled_seq_.find(id);
  const auto from =
      std::max(heard_of(id, node), settled == settled_seq_.end() ? 0 : settled->second);
  const Millis ahead = node.now - p_.clock.wall_now();
  bool pending = false;
  bool due = false;
  for (const auto* version : window(history_, id, from)) {
    if (!version->row || !version->row->is_pending()) continue;
    if (!std::exchange(pending, true)) unsettled.row_seq = version->seq;
    unsettled.rounds.insert(version->row->round);
    const WallTime due_at = from_unix_ms(version->row->due_at_ms);
    due |= due_at <= node.now || due_at <= p_.clock.wall_max_since(version->clock_mark) + ahead;
  }
  require(pending, "a delivery is sent that is final", id, flight.endpoint);
  require(due, "a delivery is sent before it is due", id, flight.endpoint);
  const EventRow& event = events_.at(flight.event);
  require(
      event.expires_at_ms == 0 || from_unix_ms(event.expires_at_ms) > node.now,
      "an event is sent that has expired",
      id,
      flight.endpoint
  );
}

void Checker::check_endpoint_may_be_sent_to(
    const Flight& flight, const Actor& node, Unsettled& unsettled
) {
  const std::int64_t id = flight.endpoint;
  const auto gone = gone_seq_.find(id);
  // Where pages have versions, a node that knows a delivery knows its endpoint as of that commit.
  const std::uint64_t told =
      p_.shared == nullptr ? node.told : std::max(node.told, unsettled.row_seq);
  unsettled.endpoint_told = told;
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

void Checker::check_order(const Flight& flight, const Actor& node, Unsettled& unsettled) {
  const std::int64_t id = flight.delivery;
  unsettled.lane_key = history_.at(id).front().row->lane_key;
  if (!unsettled.lane_key) return;
  for (const auto& [other, sent] : unsettled_) {
    const bool same = sent.endpoint == flight.endpoint && sent.lane_key == unsettled.lane_key;
    require(!same, "two deliveries of a line are sent at once", id, flight.endpoint);
  }
  // The node may know any state from its last notification to the disk: a delivery that is
  // pending in all of it comes first.
  for (const std::int64_t older : lines_.at({flight.endpoint, *unsettled.lane_key})) {
    if (older >= id) break;
    const auto versions = window(history_, older, heard_of(older, node));
    const auto is_pending = [](const auto* version) {
      return version->row && version->row->is_pending();
    };
    const bool waits =
        !versions.empty() && std::all_of(versions.begin(), versions.end(), is_pending);
    require(!waits, "a delivery passes an older one of its line", id, flight.endpoint);
  }
}

void Checker::check_bytes(
    const Flight& flight, const Request& request, const Unsettled& sent, const Actor& node
) const {
  const Headers headers = split(request.headers);
  const WallTime now = node.now;
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
  for (const auto* version : window(history_, flight.delivery, heard_of(flight.delivery, node))) {
    numbered |= version->row &&
                header(headers, "postrider-attempt") == std::to_string(version->row->attempts + 1);
  }
  if (!numbered) violates("postrider-attempt is wrong");
  const auto signatures = count(header(headers, "webhook-signature"), "v1,");
  bool verified = false;
  bool addressed = false;
  for (const auto* version : window(endpoint_history_, flight.endpoint, sent.endpoint_told)) {
    if (!version->row) continue;
    addressed |= !version->row->deleted && parse_config(version->row->config).url == request.url;
    std::size_t valid = 0;
    bool all = true;
    for (const auto& secret : version->row->secrets) {
      if (secret.expires_at_ms != 0 && from_unix_ms(secret.expires_at_ms) <= now) continue;
      ++valid;
      all &= signing::standard().verify(secret.value, {headers, request.body, now}, {}).has_value();
    }
    verified |= all && valid > 0 && valid == signatures;
  }
  if (!addressed) violates("the URL is another one's");
  if (!verified) violates("the signatures are not those of the valid secrets over the body");
}

void Checker::on_answer(const Flight& flight, const Response& response, const Actor& node) {
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
  unsettled.answered_at = node.now;
  unjudged_.push_back(flight.delivery);
  if (throttles(response)) {
    hold(flight.endpoint, retry_after(response, node.now));
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

// --- Nodes that end and nodes that take over-----------------------------------------------------

void Checker::on_gone(std::uint64_t node) {
  const auto is_its_own = [&](const auto& entry) { return entry.second.node == node; };
  for (const auto& entry : unsettled_) {
    if (!is_its_own(entry)) continue;
    const auto& [delivery, sent] = entry;
    orphans_[sent.endpoint].insert(delivery);
    --in_flight_[sent.endpoint];
    if (!sent.response || sent.response->failure != Response::Failure::kNone) continue;
    const int status = sent.response->status;
    if (status >= 200 && status <= 299) yes_unwritten_.insert(delivery);
    if (status == 410) gone_seq_.erase(sent.endpoint);
  }
  std::erase_if(unsettled_, is_its_own);
  std::erase_if(rendering_, is_its_own);
  std::erase_if(refused_, is_its_own);
}

void Checker::on_adopt(const Partitions& partitions, const Actor& node) {
  for (const auto& [id, row] : current_endpoints_) {
    if (!partitions.test(partition_of(EndpointId{id}))) continue;
    forget_unknown_sends(id, node);
    adopting_[id] = restored_circuit(row);
  }
}

void Checker::on_adopted(const Partitions& partitions, const Actor& node) {
  for (auto adopting = adopting_.begin(); adopting != adopting_.end();) {
    auto& [id, breaker] = *adopting;
    if (!partitions.test(partition_of(EndpointId{id}))) {
      ++adopting;
      continue;
    }
    const std::int64_t wait = unix_ms(breaker.probe_at) - unix_ms(node.now);
    const std::int64_t wait_max = breaker.delay_ms * 12 / 10;
    breaker.earliest = p_.clock.mono_now() + Millis{std::clamp<std::int64_t>(wait, 0, wait_max)};
    breakers_[id] = breaker;
    // What a node knows of holds goes with it.
    holds_.erase(id);
    longest_holds_.erase(id);
    adopting = adopting_.erase(adopting);
  }
  // With several nodes, the notification may still be in flight to the acquiring node.
  if (p_.shared == nullptr) forwarded_.clear();
}

}  // namespace postrider::sim
