// Walks the tables of docs/states.md against the code that decides on states.
#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/outcome.h"
#include "service/transitions.h"

namespace postrider::testing {
namespace {

using Table = std::vector<std::vector<std::string>>;

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" `");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" `") - first + 1);
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  for (std::size_t from = 1; from < line.size();) {
    const std::size_t end = std::min(line.find('|', from), line.size());
    cells.push_back(trimmed(line.substr(from, end - from)));
    from = end + 1;
  }
  return cells;
}

/// The table whose first heading is `heading`; its first row is the headings.
Table table_of(const std::string& heading) {
  std::ifstream file{POSTRIDER_STATES_MD};
  Table table;
  for (std::string line; std::getline(file, line);) {
    const bool row = line.starts_with('|');
    if (!row && !table.empty()) break;
    if (!row || line.starts_with("|--")) continue;
    auto cells = cells_of(line);
    if (!table.empty() || cells.front() == heading) table.push_back(std::move(cells));
  }
  return table;
}

std::string name_of(const NextState& next) {
  if (std::holds_alternative<Delivered>(next)) return "delivered";
  if (const auto* dead = std::get_if<Dead>(&next)) {
    return "dead (" + std::string{to_string(dead->reason)} + ")";
  }
  return "pending";
}

std::string name_of(const Result<Delivery>& becomes) {
  if (!becomes) return becomes.error().code == Errc::kConflict ? "refused" : "failed";
  return becomes->discarded ? "discarded" : std::string{to_string(becomes->state)};
}

constexpr WallTime kNow = from_unix_ms(1'767'225'600'000);

Delivery delivery_in(const std::string& state) {
  Delivery delivery;
  delivery.discarded = state == "discarded";
  delivery.state = delivery.discarded ? DeliveryState::kDead : *parse_delivery_state(state);
  if (delivery.state == DeliveryState::kPending) {
    delivery.due_at = kNow + Millis{1000};
  } else {
    delivery.finished_at = kNow - Millis{1000};
  }
  if (delivery.state == DeliveryState::kDead) delivery.dead_reason = DeadReason::kExpired;
  return delivery;
}

/// The invariants of every delivery. The table's constraints enforce them, too.
void expect_sound(const Delivery& delivery) {
  const bool pending = delivery.state == DeliveryState::kPending;
  EXPECT_EQ(pending, delivery.due_at.has_value());
  EXPECT_EQ(!pending, delivery.finished_at.has_value());
  EXPECT_EQ(delivery.state == DeliveryState::kDead, delivery.dead_reason.has_value());
}

Result<Delivery> run(const std::string& command, const Delivery& delivery) {
  const Endpoint endpoint;
  if (command == "retry") return retried(delivery, kNow);
  if (command == "cancel") return cancelled(delivery, kNow);
  if (command == "replay") return replayed(delivery, &endpoint, kNow);
  if (command == "discard") return discarded(delivery);
  return fail(Errc::kInternal, "the table has an unknown command");
}

TEST(States, PeoplesCommandsDoWhatTheTableSays) {
  const Table table = table_of("command");
  ASSERT_EQ(table.size(), 5U);
  ASSERT_THAT(
      table.front(),
      ::testing::ElementsAre("command", "pending", "delivered", "dead", "discarded", "cancelled")
  );
  for (std::size_t row = 1; row < table.size(); ++row) {
    for (std::size_t column = 1; column < table[row].size(); ++column) {
      const std::string& command = table[row].front();
      const std::string& state = table.front()[column];
      const auto becomes = run(command, delivery_in(state));
      EXPECT_EQ(name_of(becomes), table[row][column]) << command << " when " << state;
      if (becomes) expect_sound(*becomes);
    }
  }
}

TEST(States, AttemptsEndAsTheTableSays) {
  const std::map<std::string, Verdict> verdicts = {
      {"delivered", Verdict::kDelivered},
      {"retry", Verdict::kRetry},
      {"throttled", Verdict::kThrottled},
      {"rejected", Verdict::kRejected},
      {"endpoint_gone", Verdict::kEndpointGone}};
  const Table table = table_of("verdict");
  ASSERT_EQ(table.size(), verdicts.size() + 1);
  ASSERT_THAT(
      table.front(), ::testing::ElementsAre("verdict", "when", "attempts left", "last attempt")
  );
  const RetryPolicy policy = default_retry_policy();
  const int last = attempts_in_all(policy);
  for (std::size_t row = 1; row < table.size(); ++row) {
    const auto verdict = verdicts.find(table[row].front());
    ASSERT_NE(verdict, verdicts.end()) << table[row].front();
    Classification classification;
    classification.verdict = verdict->second;
    for (int failed = 1; failed < last; ++failed) {
      EXPECT_EQ(name_of(next_state(policy, failed, classification, kNow, 0.5)), table[row][2]);
    }
    EXPECT_EQ(name_of(next_state(policy, last, classification, kNow, 0.5)), table[row][3]);
  }
}

TEST(States, NothingIsReplayedForAnEndpointThatIsDeletedOrDisabled) {
  Endpoint disabled;
  disabled.state = EndpointState::kDisabled;
  for (const char* state : {"delivered", "dead", "cancelled"}) {
    EXPECT_EQ(name_of(replayed(delivery_in(state), nullptr, kNow)), "refused") << state;
    EXPECT_EQ(name_of(replayed(delivery_in(state), &disabled, kNow)), "refused") << state;
  }
}

TEST(States, AReplayIsDueNowOnAFreshScheduleAndKeepsItsAttempts) {
  Delivery dead = delivery_in("dead");
  dead.attempts_count = 10;
  dead.schedule_attempts_count = 10;
  Endpoint paused;
  paused.state = EndpointState::kPaused;
  const auto becomes = replayed(dead, &paused, kNow);
  ASSERT_TRUE(becomes);
  EXPECT_EQ(becomes->due_at, kNow);
  EXPECT_EQ(becomes->schedule_attempts_count, 0);
  EXPECT_EQ(becomes->attempts_count, 10);
}

}  // namespace
}  // namespace postrider::testing
