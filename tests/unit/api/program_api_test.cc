// The programs of endpoints as the API takes and shows them; jq itself is a fake.
#include "tests/support/api_fixture.h"

namespace postrider::testing {
namespace {

using ::testing::HasSubstr;

class ProgramApi : public ApiTest {
 protected:
  http::HttpResponse create(const std::string& members) {
    return request("POST", "/v1/endpoints", R"({"url":"https://a.example",)" + members + "}");
  }
  http::HttpResponse emit(const std::string& data = "1") {
    return request("POST", "/v1/events", R"({"type":"a.b","data":)" + data + "}");
  }
};

TEST_F(ProgramApi, AreShownAsTheyWereGiven) {
  const auto created = parsed(create(R"("filter":".a","transform":".b")"));
  EXPECT_EQ(created["filter"], ".a");
  EXPECT_EQ(created["transform"], ".b");
  const auto path = "/v1/endpoints/" + created["id"].get<std::string>();
  EXPECT_TRUE(parsed(request("PATCH", path, R"({"filter":null})"))["filter"].is_null());
  EXPECT_EQ(request("PATCH", path, R"({"transform":"syntax"})").status, 422);
  EXPECT_EQ(parsed(request("GET", path))["transform"], ".b");
}

TEST_F(ProgramApi, AreRefusedByNameWithTheWordsOfJq) {
  const auto refused =
      create(R"("filter":"syntax","destination":{"type":"ifttt","values":["1","syntax","3"]})");
  EXPECT_EQ(refused.status, 422);
  const auto errors = parsed(refused)["errors"];
  ASSERT_EQ(errors.size(), 2U);
  EXPECT_EQ(errors[0]["pointer"], "/filter");
  EXPECT_EQ(errors[0]["detail"], "jq rejected the program: syntax error");
  EXPECT_EQ(errors[1]["pointer"], "/destination/values/1");
}

TEST_F(ProgramApi, FiltersThatCannotRunRefuseTheEventForNow) {
  ASSERT_EQ(create(R"("filter":"missing")").status, 201);
  const auto answer = emit();
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("Filters cannot run: jq is missing"));
  EXPECT_TRUE(parsed(request("GET", "/v1/events"))["data"].empty());
}

TEST_F(ProgramApi, AFilterThatFailsLeavesADeadLetterThatSaysWhy) {
  ASSERT_EQ(create(R"("filter":"fails")").status, 201);
  EXPECT_EQ(parsed(emit())["deliveries"], 1);
  const auto dead = parsed(request("GET", "/v1/dead-letters"))["data"];
  ASSERT_EQ(dead.size(), 1U);
  EXPECT_EQ(dead[0]["reason"], "rejected");
  EXPECT_EQ(dead[0]["last_attempt"]["error"], "filter: it fails");
}

TEST_F(ProgramApi, ADeadLetterOfAFilterCanBeReplayed) {
  ASSERT_EQ(create(R"("filter":"fails")").status, 201);
  static_cast<void>(emit());
  const auto dead = parsed(request("GET", "/v1/dead-letters"))["data"];
  ASSERT_EQ(dead.size(), 1U);
  const auto path = "/v1/dead-letters/" + dead[0]["id"].get<std::string>();
  EXPECT_EQ(request("POST", path + "/replay").status, 202);
}

TEST_F(ProgramApi, AKeyThatComesAgainHasItsFirstAnswerWithoutFilters) {
  ASSERT_EQ(create(R"("filter":"wants")").status, 201);
  const auto send = [&] {
    return request(
        "POST",
        "/v1/events",
        R"({"type":"a.b","data":1})",
        "application/json",
        {{"Idempotency-Key", "once"}}
    );
  };
  const auto first = send();
  EXPECT_EQ(first.status, 202);
  EXPECT_EQ(send().body, first.body);
}

TEST_F(ProgramApi, ATestEventAsksNoFilter) {
  const auto id = parsed(create(R"("filter":"false")"))["id"].get<std::string>();
  EXPECT_EQ(request("POST", "/v1/endpoints/" + id + "/test").status, 200);
}

}  // namespace
}  // namespace postrider::testing
