#include "codec/event_codec.h"

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postrider {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

struct Wrong {
  const char* body;
  const char* pointer;
};

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(EventCodec, ReadsEveryMember) {
  FieldErrors errors;
  const auto draft = parse_event(
      R"({"type":"order.created","data":{"id":"ord_1","total":10.50},"tenant":"acme",)"
      R"("channels":["eu","u\u0073"],"ordering_key":"ord_1",)"
      R"("deliver_at":"2026-12-01T00:00:00.000Z","expires_at":"2026-12-01T02:00:00+01:00",)"
      R"("metadata":{"source":"checkout", "n":1}})",
      {},
      errors
  );
  ASSERT_TRUE(draft);
  EventDraft expected;
  expected.type = "order.created";
  expected.data = R"({"id":"ord_1","total":10.50})";
  expected.tenant = "acme";
  expected.channels = {"eu", "us"};
  expected.ordering_key = "ord_1";
  expected.deliver_at = parse_rfc3339("2026-12-01T00:00:00Z").value();
  expected.expires_at = parse_rfc3339("2026-12-01T01:00:00Z").value();
  expected.metadata = R"({"source":"checkout", "n":1})";
  EXPECT_EQ(*draft, expected);
  EXPECT_TRUE(errors.empty());
}

TEST(EventCodec, TakesNullAsLeftOut) {
  FieldErrors errors;
  const auto draft = parse_event(
      R"({"type":"a","data":null,"tenant":null,"channels":null,"ordering_key":null,)"
      R"("deliver_at":null,"expires_at":null,"metadata":null})",
      {},
      errors
  );
  ASSERT_TRUE(draft);
  EventDraft expected;
  expected.type = "a";
  expected.data = "null";
  EXPECT_EQ(*draft, expected);
}

TEST(EventCodec, KeepsDataByteForByte) {
  for (const char* data :
       {R"({"b":1.10,"a":12345678901234567890123,"s":"\u0041  x"})",
        "1E400",
        "-0.0",
        "[ 1 , 2 ]",
        R"("\ud83d\ude00")",
        R"({"a":1,"a":2})",
        "\"\xF0\x9F\x98\x80\"",
        "{ \"\\/\" : [ ]\n}"}) {
    FieldErrors errors;
    const auto draft =
        parse_event("{\"data\": " + std::string{data} + " ,\"type\":\"a\"}", {}, errors);
    ASSERT_TRUE(draft) << data;
    EXPECT_EQ(draft->data, data);
  }
}

TEST(EventCodec, NamesTheMemberThatIsWrong) {
  const Wrong table[] = {
      {R"({"data":1})", "/type"},
      {R"({"type":null,"data":1})", "/type"},
      {R"({"type":7,"data":1})", "/type"},
      {R"({"type":"a b","data":1})", "/type"},
      {R"({"type":"a","type":"a","data":1})", "/type"},
      {R"({"type":"a"})", "/data"},
      {R"({"type":"a","data":1,"data":2})", "/data"},
      {R"({"type":"a","data":1,"d\u0061ta":2})", "/data"},
      {R"({"type":"a","data":1,"extra":2})", "/extra"},
      {R"({"type":"a","data":1,"a/b~c":2})", "/a~1b~0c"},
      {R"({"type":"a","data":1,"Type":"b"})", "/Type"},
      {R"({"type":"a","data":1,"id":"evt_1"})", "/id"},
      {R"({"type":"a","data":1,"tenant":"a b"})", "/tenant"},
      {R"({"type":"a","data":1,"tenant":""})", "/tenant"},
      {R"({"type":"a","data":1,"channels":"eu"})", "/channels"},
      {R"({"type":"a","data":1,"channels":["eu",1]})", "/channels"},
      {R"({"type":"a","data":1,"channels":["eu",""]})", "/channels/1"},
      {R"({"type":"a","data":1,"channels":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]})",
       "/channels"},
      {R"({"type":"a","data":1,"ordering_key":""})", "/ordering_key"},
      {R"({"type":"a","data":1,"ordering_key":5})", "/ordering_key"},
      {R"({"type":"a","data":1,"deliver_at":"tomorrow"})", "/deliver_at"},
      {R"({"type":"a","data":1,"deliver_at":1767225600})", "/deliver_at"},
      {R"({"type":"a","data":1,"expires_at":"2026-02-30T00:00:00Z"})", "/expires_at"},
      {R"({"type":"a","data":1,"deliver_at":"2026-01-01T00:00:00Z",)"
       R"("expires_at":"2026-01-01T00:00:00Z"})",
       "/expires_at"},
      {R"({"type":"a","data":1,"metadata":[]})", "/metadata"},
      {R"({"type":"a","data":1,"metadata":"x"})", "/metadata"},
      {"[]", ""},
      {"null", ""},
      {"\"order.created\"", ""},
  };
  for (const auto& [body, pointer] : table) {
    FieldErrors errors;
    EXPECT_FALSE(parse_event(body, {}, errors)) << body;
    ASSERT_EQ(errors.size(), 1U) << body;
    EXPECT_EQ(errors[0].pointer, pointer) << body;
    EXPECT_FALSE(errors[0].detail.empty());
    EXPECT_FALSE(errors[0].too_large);
  }
}

TEST(EventCodec, NamesAllWrongMembersAtOnce) {
  FieldErrors errors;
  EXPECT_FALSE(parse_event(R"({"type":"","tenant":" ","x":1})", {}, errors));
  EXPECT_EQ(errors.size(), 4U);
}

TEST(EventCodec, TellsMalformedJsonFromWrongMembers) {
  FieldErrors errors;
  const auto draft = parse_event("{\"type\":\"a\",\n\"data\":01}", {}, errors);
  ASSERT_FALSE(draft);
  EXPECT_TRUE(errors.empty());
  EXPECT_EQ(draft.error().code, Errc::kInvalidArgument);
  EXPECT_THAT(draft.error().context, StartsWith("line 2, column 9: "));
  for (const char* body :
       {"", "{", R"({"type":"a","data":"\udc00"})", "{\"type\":\"a\",\"data\":\"\xFF\"}"}) {
    EXPECT_FALSE(parse_event(body, {}, errors));
    EXPECT_TRUE(errors.empty()) << body;
  }
}

TEST(EventCodec, CountsDepthFromData) {
  const auto body = [](std::size_t depth) {
    return "{\"type\":\"a\",\"data\":" + nested(depth) + "}";
  };
  FieldErrors errors;
  EXPECT_TRUE(parse_event(body(512), {}, errors));
  EXPECT_FALSE(parse_event(body(513), {}, errors));
  EXPECT_TRUE(parse_batch_json("{\"events\":[" + body(512) + "]}", {}, errors));
  EXPECT_FALSE(parse_batch_json("{\"events\":[" + body(513) + "]}", {}, errors));
  EXPECT_TRUE(parse_batch_ndjson(body(512), {}, errors));
  EXPECT_FALSE(parse_batch_ndjson(body(513), {}, errors));
  EXPECT_TRUE(errors.empty());
}

TEST(EventCodec, TellsTooLargeDataApart) {
  FieldErrors errors;
  EXPECT_TRUE(parse_event(R"({"type":"a","data":[1234567]} )", {.data_bytes_max = 9}, errors));
  EXPECT_FALSE(parse_event(R"({"type":"a","data":[12345678]} )", {.data_bytes_max = 9}, errors));
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].pointer, "/data");
  EXPECT_TRUE(errors[0].too_large);
  EXPECT_THAT(errors[0].detail, HasSubstr("10 bytes"));
  EXPECT_THAT(errors[0].detail, HasSubstr("9"));
}

TEST(EventCodec, TakesDataOfAnyNumberOfValues) {
  std::string data = "[0";
  for (std::size_t i = 0; i < limits::kRawValuesMax; ++i) data += ",1";
  data += "]";
  FieldErrors errors;
  const auto draft =
      parse_event("{\"type\":\"a\",\"data\":" + data + "}", {.data_bytes_max = 1U << 24U}, errors);
  ASSERT_TRUE(draft);
  EXPECT_EQ(draft->data, data);
}

TEST(EventCodec, BoundsMetadata) {
  const auto body = [](std::size_t bytes) {
    return R"({"type":"a","data":1,"metadata":{"k":")" + std::string(bytes - 8, 'x') + "\"}}";
  };
  FieldErrors errors;
  EXPECT_TRUE(parse_event(body(4096), {}, errors));
  EXPECT_FALSE(parse_event(body(4097), {}, errors));
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].pointer, "/metadata");
}

TEST(EventCodec, CutsLongNamesInPointers) {
  FieldErrors errors;
  const std::string name(100'000, 'n');
  EXPECT_FALSE(parse_event("{\"type\":\"a\",\"data\":1,\"" + name + "\":1}", {}, errors));
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_LT(errors[0].pointer.size(), 200U);
}

TEST(EventCodec, BoundsTheNumberOfErrors) {
  std::string body = "{\"type\":\"a\",\"data\":1";
  for (int i = 0; i < 5000; ++i) body += ",\"x" + std::to_string(i) + "\":1";
  FieldErrors errors;
  EXPECT_FALSE(parse_event(body + "}", {}, errors));
  EXPECT_EQ(errors.size(), limits::kFieldErrorsMax);
}

TEST(BatchJson, GivesTheEventsInOrder) {
  FieldErrors errors;
  const auto drafts = parse_batch_json(
      R"({ "events" : [ {"type":"a","data":[1, 2]} , )"
      R"({"type":"b","data":{"x":1.0},"channels":["c"]} ] })",
      {},
      errors
  );
  ASSERT_TRUE(drafts);
  ASSERT_EQ(drafts->size(), 2U);
  EXPECT_EQ((*drafts)[0].data, "[1, 2]");
  EXPECT_EQ((*drafts)[1].type, "b");
  EXPECT_EQ((*drafts)[1].data, "{\"x\":1.0}");
  EXPECT_THAT((*drafts)[1].channels, ElementsAre("c"));
}

TEST(BatchJson, NamesTheMemberThatIsWrong) {
  const Wrong table[] = {
      {R"({"events":[{"type":"a","data":1},{"type":"a","data":1},{"type":"","data":1}]})",
       "/events/2/type"},
      {R"({"events":[{"type":"a","data":1},{"type":"a"}]})", "/events/1/data"},
      {R"({"events":[{"type":"a","data":1,"data":1}]})", "/events/0/data"},
      {R"({"events":[{"type":"a","data":1,"channels":["a",""]}]})", "/events/0/channels/1"},
      {R"({"events":[1]})", "/events/0"},
      {R"({"events":[]})", "/events"},
      {R"({"events":{}})", "/events"},
      {R"({"events":null})", "/events"},
      {R"({})", "/events"},
      {R"({"events":[{"type":"a","data":1}],"events":[{"type":"a","data":1}]})", "/events"},
      {R"({"events":[{"type":"a","data":1}],"tenant":"x"})", "/tenant"},
      {R"([{"type":"a","data":1}])", ""},
  };
  for (const auto& [body, pointer] : table) {
    FieldErrors errors;
    EXPECT_FALSE(parse_batch_json(body, {}, errors)) << body;
    ASSERT_EQ(errors.size(), 1U) << body;
    EXPECT_EQ(errors[0].pointer, pointer) << body;
  }
}

TEST(BatchJson, BoundsTheNumberOfEvents) {
  const auto batch = [](std::size_t count, const std::string& event) {
    std::string body = "{\"events\":[" + event;
    for (std::size_t i = 1; i < count; ++i) body += "," + event;
    return body + "]}";
  };
  const std::string full = R"({"type":"a","data":1,"tenant":"t","channels":["a","b"],)"
                           R"("ordering_key":"k","metadata":{},"expires_at":null})";
  FieldErrors errors;
  EXPECT_TRUE(parse_batch_json(batch(10'000, full), {}, errors));
  EXPECT_FALSE(parse_batch_json(batch(10'001, full), {}, errors));
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].pointer, "/events");
  EXPECT_THAT(errors[0].detail, HasSubstr("10000"));
  errors.clear();
  EXPECT_FALSE(parse_batch_json(batch(1'000'000, "1"), {}, errors));
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_THAT(errors[0].detail, HasSubstr("1000000"));
}

TEST(BatchJson, RefusesMoreMembersThanItLooksAt) {
  std::string body = R"({"events":[{"type":"a","data":1)";
  for (std::size_t i = 0; i < limits::kRawValuesMax; ++i) body += ",\"\":1";
  FieldErrors errors;
  EXPECT_FALSE(parse_batch_json(body + "}]}", {}, errors));
  EXPECT_EQ(errors.size(), 1U);
}

TEST(BatchNdjson, GivesTheEventsAndSkipsBlankLines) {
  FieldErrors errors;
  const auto drafts = parse_batch_ndjson(
      "\n{\"type\":\"a\",\"data\":1}\r\n \t\r\n{\"type\":\"b\",\"data\":2}", {}, errors
  );
  ASSERT_TRUE(drafts);
  ASSERT_EQ(drafts->size(), 2U);
  EXPECT_EQ((*drafts)[1].type, "b");
}

TEST(BatchNdjson, CountsEventsInPointersAndLinesInMalformedText) {
  FieldErrors errors;
  const std::string good = "{\"type\":\"a\",\"data\":1}\n";
  EXPECT_FALSE(parse_batch_ndjson(good + "\n" + good + "{\"data\":1}\n", {}, errors));
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].pointer, "/2/type");

  errors.clear();
  const auto drafts = parse_batch_ndjson(good + "{\"data\":1}\n\n{\"type\":}\n", {}, errors);
  ASSERT_FALSE(drafts);
  EXPECT_TRUE(errors.empty());
  EXPECT_THAT(drafts.error().context, HasSubstr("line 4 of the body"));
}

TEST(BatchNdjson, NamesTheMemberThatIsWrong) {
  const Wrong table[] = {
      {"", ""}, {"\n \n", ""}, {"1\n", "/0"}, {"{\"type\":\"a\",\"data\":1,\"x\":1}", "/0/x"}};
  for (const auto& [body, pointer] : table) {
    FieldErrors errors;
    EXPECT_FALSE(parse_batch_ndjson(body, {}, errors)) << body;
    ASSERT_EQ(errors.size(), 1U) << body;
    EXPECT_EQ(errors[0].pointer, pointer) << body;
  }
}

TEST(BatchNdjson, BoundsTheNumberOfEvents) {
  std::string body;
  for (std::size_t i = 0; i < limits::kBatchEventsMax; ++i) body += "{\"type\":\"a\",\"data\":1}\n";
  FieldErrors errors;
  EXPECT_TRUE(parse_batch_ndjson(body, {}, errors));
  EXPECT_FALSE(parse_batch_ndjson(body + "{\"type\":\"a\",\"data\":1}\n", {}, errors));
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].pointer, "");
}

}  // namespace
}  // namespace postrider
