#include "service/emit.h"

#include <gmock/gmock.h>

#include "crypto/hash.h"

#include "tests/support/fake_programs.h"
#include "tests/support/raw_db.h"
#include "tests/unit/service/store_fixture.h"

namespace postrider::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class EmitTest : public StoreFixture {
 protected:
  Result<Emitted> emit_event(
      EventDraft draft, std::optional<std::string> key = {}, std::string body = "body"
  ) {
    EmitParams params;
    const std::string tenant = draft.tenant;
    params.events.push_back(std::move(draft));
    if (key) params.idempotency = IdempotencyKey{tenant, *key, crypto::sha256(body)};
    params.render = [](const std::vector<Appended>& appended) {
      return std::to_string(appended.front().id.value);
    };
    return run<Emitted>([&](WriteContext& context) { return emit(context, params, filtering_); });
  }

  void produce(const std::string& sql) { EXPECT_EQ(RawDb(path_).exec(sql), SQLITE_OK); }
  [[nodiscard]] std::string first_text(const std::string& sql) {
    const auto texts = RawDb(path_).column(sql);
    return texts.empty() ? "" : texts.front();
  }
  std::size_t take_up(const Catalogue& catalogue = *Catalogue::build({})) {
    return *run<std::size_t>([&](WriteContext& context) {
      return take_up_outbox(context, catalogue, {}, 100, filtering_);
    });
  }
  /// An endpoint with a filter.
  EndpointId add_filtered(const std::string& filter) {
    Endpoint endpoint = make_endpoint();
    endpoint.config.filter = filter;
    return add(std::move(endpoint));
  }
  void run_filters() {
    FakePrograms programs;
    ASSERT_TRUE(filtering_.run(programs, SystemClock{}));
  }

  Filtering filtering_;

  [[nodiscard]] std::size_t events_count() { return reader_->events({}, {})->rows.size(); }
};

TEST_F(EmitTest, HandsADeliveryOnForEachEndpointThatWantsTheEvent) {
  add();
  add();
  add(make_endpoint("other"));
  ASSERT_TRUE(emit_event(make_draft()));
  ASSERT_THAT(effects_.fresh, SizeIs(2));
  EXPECT_EQ(effects_.fresh[0].event, effects_.fresh[1].event);
  EXPECT_EQ(effects_.fresh[0].event->data, R"({"n":1.50})");
  EXPECT_EQ(effects_.events_accepted, 1);
}

TEST_F(EmitTest, ChangesNothingUntilTheFiltersHaveRun) {
  add();
  add_filtered(".wants");
  EXPECT_FALSE(emit_event(make_draft(), "key"));
  EXPECT_TRUE(filtering_.needs_any());
  EXPECT_EQ(events_count(), 0U);
  run_filters();
  ASSERT_TRUE(emit_event(make_draft(), "key"));
  EXPECT_THAT(effects_.fresh, SizeIs(2));
}

TEST_F(EmitTest, LeavesOutThoseWhoseFilterSaysNo) {
  for (const char* filter : {"false", "null", "none"}) add_filtered(filter);
  const auto wanting = add_filtered(".wants");
  EXPECT_FALSE(emit_event(make_draft()));
  run_filters();
  ASSERT_TRUE(emit_event(make_draft()));
  ASSERT_THAT(effects_.fresh, SizeIs(1));
  EXPECT_EQ(effects_.fresh[0].delivery.endpoint, wanting);
}

TEST_F(EmitTest, KeepsADeadLetterWhereAFilterFails) {
  add();
  const auto failing = add_filtered("fails");
  EXPECT_FALSE(emit_event(make_draft()));
  run_filters();
  ASSERT_TRUE(emit_event(make_draft()));
  ASSERT_THAT(effects_.fresh, SizeIs(1));
  ASSERT_THAT(effects_.rejected, SizeIs(1));
  const auto dead = reader_->dead_letters({}, {});
  ASSERT_TRUE(dead);
  ASSERT_THAT(dead->rows, SizeIs(1));
  const Delivery& delivery = dead->rows[0].delivery;
  EXPECT_EQ(delivery.endpoint, failing);
  EXPECT_EQ(delivery.dead_reason, DeadReason::kRejected);
  const auto history = reader_->history(delivery.id);
  ASSERT_TRUE(history);
  ASSERT_THAT(history->attempts, SizeIs(1));
  EXPECT_EQ(history->attempts.front().error, "filter: it fails");
}

TEST_F(EmitTest, AcceptsNothingWhileProgramsCannotRun) {
  add_filtered("missing");
  EXPECT_FALSE(emit_event(make_draft()));
  FakePrograms programs;
  const auto ran = filtering_.run(programs, SystemClock{});
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().code, Errc::kUnavailable);
}

TEST_F(EmitTest, LetsNoRowOfTheOutboxPassOneThatWaitsForFilters) {
  Endpoint narrow = make_endpoint();
  narrow.config.filter = ".wants";
  narrow.config.event_types = {"first"};
  add(std::move(narrow));
  add();
  produce("INSERT INTO outbox(type, data) VALUES ('first', '1'), ('second', '2')");
  take_up();
  EXPECT_EQ(events_count(), 0U);
  run_filters();
  take_up();
  ASSERT_EQ(events_count(), 2U);
  ASSERT_THAT(effects_.fresh, SizeIs(3));
  EXPECT_EQ(effects_.fresh.back().event->type, "second");
}

TEST_F(EmitTest, AnswersAKeyThatComesAgainAsTheFirstTime) {
  const auto first = emit_event(make_draft(), "key");
  const auto again = emit_event(make_draft(), "key");
  EXPECT_FALSE(first->replayed);
  EXPECT_TRUE(again->replayed);
  EXPECT_EQ(again->answer, first->answer);
  EXPECT_EQ(events_count(), 1U);
}

TEST_F(EmitTest, RefusesAKeyForAnotherBody) {
  ASSERT_TRUE(emit_event(make_draft(), "key"));
  EXPECT_EQ(emit_event(make_draft(), "key", "other").error().code, Errc::kConflict);
  EXPECT_EQ(events_count(), 1U);
}

TEST_F(EmitTest, KeepsKeysOfTenantsApart) {
  auto other = make_draft();
  other.tenant = "other";
  ASSERT_TRUE(emit_event(make_draft(), "key"));
  EXPECT_FALSE(emit_event(other, "key")->replayed);
}

TEST_F(EmitTest, MakesOneEventOfOneKeyTwiceInAGroup) {
  std::vector<bool> replayed;
  const Change change = [&](WriteContext& context) -> Status {
    EmitParams params;
    params.events.push_back(make_draft());
    params.idempotency = IdempotencyKey{"default", "key", crypto::sha256("body")};
    params.render = [](const auto&) { return std::string{"answer"}; };
    auto emitted = emit(context, params, filtering_);
    replayed.push_back(emitted->replayed);
    return {};
  };
  run_group({change, change});
  EXPECT_THAT(replayed, ::testing::ElementsAre(false, true));
  EXPECT_EQ(events_count(), 1U);
}

TEST_F(EmitTest, TakesUpWhatProducersInserted) {
  add();
  produce(R"(INSERT INTO outbox(type, data) VALUES ('order.created', '{ "a":1.10 }'))");
  EXPECT_EQ(take_up(), 1U);
  ASSERT_THAT(effects_.fresh, SizeIs(1));
  EXPECT_EQ(effects_.fresh[0].event->data, R"({ "a":1.10 })");
  EXPECT_EQ(take_up(), 0U);
}

TEST_F(EmitTest, RejectsABadRowWithItsReasonAndTakesTheOthers) {
  produce("INSERT INTO outbox(type, data) VALUES ('a', '{'), ('b', '{}'), (NULL, '{}')");
  EXPECT_EQ(take_up(), 3U);
  EXPECT_EQ(events_count(), 1U);
  EXPECT_THAT(first_text("SELECT reason FROM outbox_rejected WHERE type = 'a'"), HasSubstr("data"));
  EXPECT_THAT(
      first_text("SELECT reason FROM outbox_rejected WHERE type IS NULL"), HasSubstr("type")
  );
}

TEST_F(EmitTest, TakesARowOfAKnownKeyForTheSameEventOnce) {
  const std::string row =
      "INSERT INTO outbox(type, data, idempotency_key) VALUES ('a', '{\"n\":1}', 'key')";
  produce(row + ", ('a', '{\"n\":1}', 'key'), ('a', '{\"n\":2}', 'key')");
  EXPECT_EQ(take_up(), 3U);
  EXPECT_EQ(events_count(), 1U);
  EXPECT_THAT(first_text("SELECT reason FROM outbox_rejected"), HasSubstr("idempotency_key"));
  EXPECT_THAT(first_text("SELECT data FROM outbox_rejected"), HasSubstr("2"));
}

TEST_F(EmitTest, RejectsARowThatDoesNotFitItsTypesSchema) {
  EventType type;
  type.name = "a";
  type.schema = R"({"type":"object","required":["id"]})";
  produce("INSERT INTO outbox(type, data) VALUES ('a', '{}'), ('a', '{\"id\":1}'), ('b', '{}')");
  EXPECT_EQ(take_up(*Catalogue::build({type})), 3U);
  EXPECT_EQ(events_count(), 2U);
  EXPECT_THAT(first_text("SELECT reason FROM outbox_rejected"), HasSubstr("data"));
}

TEST_F(EmitTest, TakesTheRepeatOfARowAlthoughTheSchemaChanged) {
  const std::string row =
      "INSERT INTO outbox(type, data, idempotency_key) VALUES ('a', '{\"n\":1}', ";
  produce(row + "'key')");
  EXPECT_EQ(take_up(), 1U);
  EventType type;
  type.name = "a";
  type.schema = R"({"type":"object","required":["id"]})";
  const auto changed = Catalogue::build({type});
  produce(row + "'key')");
  EXPECT_EQ(take_up(*changed), 1U);
  EXPECT_EQ(first_text("SELECT count(*) FROM outbox_rejected"), "0");
  produce(row + "'other')");
  EXPECT_EQ(take_up(*changed), 1U);
  EXPECT_EQ(first_text("SELECT count(*) FROM outbox_rejected"), "1");
  EXPECT_EQ(take_up(), 0U);
  // A refused request has not used up its key.
  produce(row + "'other')");
  EXPECT_EQ(take_up(), 1U);
  EXPECT_EQ(events_count(), 2U);
}

TEST_F(EmitTest, HandsDeliveriesOverWithTheLineThatIsStored) {
  auto endpoint = make_endpoint();
  endpoint.config.ordering = Ordering::kKey;
  add(endpoint);
  endpoint.config.ordering = Ordering::kStrict;
  add(endpoint);
  add();
  EmitParams params;
  params.events = {make_draft()};
  params.events.front().ordering_key = "k";
  params.render = [](const std::vector<Appended>&) { return std::string{}; };
  ASSERT_TRUE(run<Emitted>([&](WriteContext& context) { return emit(context, params, filtering_); })
  );
  std::vector<std::optional<std::string>> lines;
  for (const auto& fresh : effects_.fresh) {
    lines.push_back(fresh.delivery.lane_key);
    EXPECT_EQ(stored(fresh.delivery.id).lane_key, fresh.delivery.lane_key);
  }
  EXPECT_THAT(lines, UnorderedElementsAre("k", "", std::nullopt));
}

}  // namespace
}  // namespace postrider::testing
