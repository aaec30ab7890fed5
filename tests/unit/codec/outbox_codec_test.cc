#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/event_codec.h"

namespace postrider {
namespace {

using testing::StartsWith;

OutboxRow minimal_row() {
  OutboxRow row;
  row.id = 1;
  row.type = "order.created";
  row.data = R"({"id":"ord_1"})";
  return row;
}

TEST(OutboxRow, NeedsOnlyTypeAndData) {
  const auto draft = parse_outbox_row(minimal_row(), {});
  ASSERT_TRUE(draft);
  EventDraft expected;
  expected.type = "order.created";
  expected.data = R"({"id":"ord_1"})";
  EXPECT_EQ(*draft, expected);
}

TEST(OutboxRow, ReadsEveryColumn) {
  auto row = minimal_row();
  row.data = " {\"n\": 1.10} \n";
  row.tenant = "acme";
  row.channels = R"(["eu"])";
  row.metadata = R"({"source": "shop"})";
  row.ordering_key = "ord_1";
  row.deliver_at = "2026-01-01T00:00:00Z";
  row.expires_at = "2026-01-02T00:00:00Z";
  row.idempotency_key = "key 1";
  row.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const auto draft = parse_outbox_row(row, {});
  ASSERT_TRUE(draft);
  EXPECT_EQ(draft->data, "{\"n\": 1.10}");
  EXPECT_EQ(draft->tenant, "acme");
  EXPECT_THAT(draft->channels, testing::ElementsAre("eu"));
  EXPECT_EQ(draft->metadata, R"({"source": "shop"})");
  EXPECT_EQ(draft->ordering_key, "ord_1");
  EXPECT_EQ(draft->deliver_at, parse_rfc3339("2026-01-01T00:00:00Z").value());
  EXPECT_EQ(draft->expires_at, parse_rfc3339("2026-01-02T00:00:00Z").value());
  EXPECT_EQ(draft->traceparent, *row.traceparent);
}

TEST(OutboxRow, IsRefusedWithTheColumnAndTheReason) {
  struct Case {
    std::optional<std::string> OutboxRow::*column;
    std::optional<std::string> value;
    const char* reason;
  };
  const Case table[] = {
      {&OutboxRow::type, std::nullopt, "type is required"},
      {&OutboxRow::type, "a b", "type must be"},
      {&OutboxRow::data, std::nullopt, "data is required"},
      {&OutboxRow::data, "{'id':1}", "data is not valid JSON: line 1, column 2"},
      {&OutboxRow::data, "", "data is not valid JSON"},
      {&OutboxRow::data, "\"0123456789\"", "data is 12 bytes, more than the 10"},
      {&OutboxRow::tenant, "a/b", "tenant must be"},
      {&OutboxRow::channels, "eu", "channels is not valid JSON"},
      {&OutboxRow::channels, "\"eu\"", "channels must be an array"},
      {&OutboxRow::channels, "[\"eu\",\"\"]", "channels/1 must be"},
      {&OutboxRow::metadata, "[]", "metadata must be an object"},
      {&OutboxRow::ordering_key, "", "ordering_key must be"},
      {&OutboxRow::deliver_at, "now", "deliver_at must be an RFC 3339 instant"},
      {&OutboxRow::expires_at, "", "expires_at must be an RFC 3339 instant"},
      {&OutboxRow::idempotency_key, "", "idempotency_key must be"},
      {&OutboxRow::idempotency_key, "a\nb", "idempotency_key must be"},
  };
  for (const auto& [column, value, reason] : table) {
    auto row = minimal_row();
    row.data = "1";
    row.*column = value;
    const auto draft = parse_outbox_row(row, {.data_bytes_max = 10});
    ASSERT_FALSE(draft) << reason;
    EXPECT_THAT(draft.error(), StartsWith(reason));
  }
}

TEST(OutboxRow, TakesJsonNullInAColumnAsLeftOut) {
  auto row = minimal_row();
  row.data = "null";
  row.channels = "null";
  row.metadata = "null";
  const auto draft = parse_outbox_row(row, {});
  ASSERT_TRUE(draft);
  EXPECT_EQ(draft->data, "null");
  EXPECT_TRUE(draft->channels.empty());
  EXPECT_EQ(draft->metadata, "");
}

TEST(OutboxRow, LosesATraceparentOfAnotherFormAndNothingElse) {
  auto row = minimal_row();
  row.traceparent = "not one\r\nx: y";
  const auto draft = parse_outbox_row(row, {});
  ASSERT_TRUE(draft);
  EXPECT_EQ(draft->traceparent, "");
}

TEST(OutboxRow, MayHoldDataOfTheFullDepth) {
  auto row = minimal_row();
  row.data = std::string(512, '[') + std::string(512, ']');
  EXPECT_TRUE(parse_outbox_row(row, {}));
  row.data = std::string(513, '[') + std::string(513, ']');
  EXPECT_FALSE(parse_outbox_row(row, {}));
}

}  // namespace
}  // namespace postrider
