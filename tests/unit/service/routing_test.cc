#include "service/routing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/filtering.h"

namespace postrider::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
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
  routing.match(event, [&](const Endpoint& endpoint) { ids.push_back(endpoint.id); });
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
  Filtering filtering;
  const auto to = route(routing, 0, draft("a"), {}, filtering);
  ASSERT_TRUE(to);
  EXPECT_THAT(to->targets, ElementsAre(Target{{1}, Ordering::kKey}));
}

/// Keeps what programs are run over.
class InputKeeper final : public ProgramRunner {
 public:
  void submit(ProgramJob job, Done done) override {
    input = std::move(job.input);
    done({std::optional<std::string>{"true"}});
  }
  [[nodiscard]] Status check(const std::string& /*program*/) override { return {}; }

  std::string input;
};

TEST(Routing, ShowsFiltersTheEventAtItsOwnTime) {
  Routing routing;
  auto filtered = make(1);
  filtered->config.filter = ".wants";
  routing.put(filtered);
  Filtering filtering;
  const WallTime at = from_unix_ms(1'767'225'600'123);
  EXPECT_FALSE(route(routing, 0, draft("a"), at, filtering));
  InputKeeper programs;
  ASSERT_TRUE(filtering.run(programs, SystemClock{}));
  EXPECT_THAT(
      programs.input, HasSubstr(R"({"id":null,"type":"a","timestamp":"2026-01-01T00:00:00.123Z")")
  );
  EXPECT_TRUE(route(routing, 0, draft("a"), at, filtering));
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
