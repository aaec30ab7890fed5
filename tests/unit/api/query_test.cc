#include "api/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postrider::api {
namespace {

http::Request asking(std::string_view query) {
  http::Request request;
  request.method = "GET";
  request.query = http::parse_query(query);
  return request;
}

TEST(QueryReader, TakesTheDefaultsOfAList) {
  const auto request = asking("");
  QueryReader query(request);
  const auto page = query.page();
  EXPECT_EQ(page.limit, 50U);
  EXPECT_EQ(page.cursor, "");
  EXPECT_TRUE(query.check());
}

TEST(QueryReader, RefusesLimitsOutsideOf1To250) {
  for (const char* text : {"limit=0", "limit=251", "limit=", "limit=x", "limit=1x", "limit=-1"}) {
    const auto request = asking(text);
    QueryReader query(request);
    static_cast<void>(query.page());
    const auto checked = query.check();
    ASSERT_FALSE(checked) << text;
    EXPECT_EQ(checked.error().status, 422);
    EXPECT_EQ(checked.error().errors.front().pointer, "/limit");
  }
  const auto request = asking("limit=250");
  QueryReader query(request);
  EXPECT_EQ(query.page().limit, 250U);
}

TEST(QueryReader, RefusesUnknownAndRepeatedParametersByName) {
  const auto request = asking("tenant=a&tenant=b&colour=red");
  QueryReader query(request);
  static_cast<void>(query.tenant());
  const auto checked = query.check();
  ASSERT_FALSE(checked);
  ASSERT_EQ(checked.error().errors.size(), 2U);
  EXPECT_EQ(checked.error().errors[0].pointer, "/tenant");
  EXPECT_EQ(checked.error().errors[1].pointer, "/colour");
}

TEST(QueryReader, ReadsInstantsWithAnyOffset) {
  const auto request = asking("since=2026-01-01T02:00:00%2B02:00&until=yesterday");
  QueryReader query(request);
  EXPECT_EQ(query.instant("since"), from_unix_ms(1767225600000));
  EXPECT_FALSE(query.instant("until"));
  EXPECT_FALSE(query.check());
}

TEST(QueryReader, TakesAnIdOfAnotherDatabaseForOneThatNothingHas) {
  const IdCodec ours(1);
  const IdCodec theirs(2);
  const auto request = asking("endpoint=" + theirs.encode(EndpointId{1LL << 40U}) + "&event=nope");
  QueryReader query(request);
  const auto endpoint = query.id(
      "endpoint", [&](std::string_view id) { return ours.decode_endpoint(id); }, "ep_"
  );
  EXPECT_EQ(endpoint, EndpointId{kNoRow});
  static_cast<void>(query.id(
      "event", [&](std::string_view id) { return ours.decode_event(id); }, "evt_"
  ));
  const auto checked = query.check();
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().errors.size(), 1U);
}

TEST(QueryReader, NamesTheChoicesOfAnUnknownOne) {
  const auto request = asking("state=lost");
  QueryReader query(request);
  EXPECT_FALSE(query.choice("state", parse_delivery_state, "pending, delivered, dead, cancelled"));
  const auto checked = query.check();
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().detail, testing::HasSubstr("pending, delivered"));
}

}  // namespace
}  // namespace postrider::api
