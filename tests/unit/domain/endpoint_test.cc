#include "domain/endpoint.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

TEST(Endpoint, MatchesExactTypesAndTrailingWildcards) {
  EXPECT_TRUE(matches_type("order.created", "order.created"));
  EXPECT_TRUE(matches_type("order.*", "order.created"));
  EXPECT_TRUE(matches_type("order.*", "order.item.added"));
  EXPECT_FALSE(matches_type("order.*", "order"));
  EXPECT_FALSE(matches_type("order.*", "order."));
  EXPECT_FALSE(matches_type("order.*", "orders.created"));
  EXPECT_FALSE(matches_type("order.created", "order.created.twice"));
}

TEST(Endpoint, WantsOnlyEventsOfItsTenant) {
  Endpoint endpoint;
  endpoint.tenant = "acme";
  EventDraft event;
  event.type = "order.created";
  EXPECT_FALSE(matches(endpoint, event));
  event.tenant = "acme";
  EXPECT_TRUE(matches(endpoint, event));
}

TEST(Endpoint, WithChannelsWantsEventsThatShareOne) {
  Endpoint endpoint;
  EventDraft event;
  event.type = "x";
  event.channels = {"us"};
  EXPECT_TRUE(matches(endpoint, event));
  endpoint.config.channels = {"eu", "uk"};
  EXPECT_FALSE(matches(endpoint, event));
  event.channels = {"us", "uk"};
  EXPECT_TRUE(matches(endpoint, event));
}

}  // namespace
}  // namespace postrider
