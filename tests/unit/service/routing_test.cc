#include "service/routing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postrider::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::shared_ptr<Endpoint> make(std::int64_t id, std::vector<std::string> types = {}) {
  auto endpoint = std::make_shared<Endpoint>();
  endpoint->id = {id};
  endpoint->config.event_types = std::move(types);
  return endpoint;
}

std::vector<EndpointId> matched(const Routing& routing, const EventDraft& event) {
  std::vector<EndpointId> ids;
  for (const Target& target : routing.match(event)) ids.push_back(target.endpoint);
  return ids;
}

EventDraft draft(std::string type, std::string tenant = "default") {
  EventDraft event;
  event.type = std::move(type);
  event.tenant = std::move(tenant);
  return event;
}

TEST(Routing, FindsEndpointsByExactTypeWildcardAndAll) {
  Routing routing;
  routing.put(make(1));
  routing.put(make(2, {"order.created"}));
  routing.put(make(3, {"order.*"}));
  routing.put(make(4, {"user.created"}));
  EXPECT_THAT(
      matched(routing, draft("order.created")),
      UnorderedElementsAre(EndpointId{1}, EndpointId{2}, EndpointId{3})
  );
  EXPECT_THAT(matched(routing, draft("ping")), ElementsAre(EndpointId{1}));
}

TEST(Routing, NamesAnEndpointOnceWhoseTypesRepeat) {
  Routing routing;
  routing.put(make(1, {"a", "b", "a"}));
  routing.put(make(2, {"a", "a.*", "a"}));
  EXPECT_THAT(matched(routing, draft("a")), UnorderedElementsAre(EndpointId{1}, EndpointId{2}));
}

TEST(Routing, KeepsTenantsApart) {
  Routing routing;
  auto other = make(1);
  other->tenant = "other";
  routing.put(other);
  EXPECT_THAT(matched(routing, draft("a")), IsEmpty());
  EXPECT_THAT(matched(routing, draft("a", "other")), ElementsAre(EndpointId{1}));
}

TEST(Routing, FollowsAChangeOfTypes) {
  Routing routing;
  routing.put(make(1, {"a"}));
  routing.put(make(1, {"b"}));
  EXPECT_THAT(matched(routing, draft("a")), IsEmpty());
  EXPECT_THAT(matched(routing, draft("b")), ElementsAre(EndpointId{1}));
}

TEST(Routing, SaysInWhatOrderTheEndpointWantsIt) {
  Routing routing;
  auto ordered = make(1);
  ordered->config.ordering = Ordering::kKey;
  routing.put(ordered);
  EXPECT_THAT(routing.match(draft("a")), ElementsAre(Target{{1}, Ordering::kKey}));
}

TEST(Routing, ForgetsARemovedEndpoint) {
  Routing routing;
  routing.put(make(1, {"a", "a"}));
  routing.put(make(2));
  routing.remove({1});
  routing.remove({2});
  EXPECT_THAT(matched(routing, draft("a")), IsEmpty());
  EXPECT_EQ(routing.find({1}), nullptr);
  EXPECT_THAT(routing.all(), IsEmpty());
}

}  // namespace
}  // namespace postrider::testing
