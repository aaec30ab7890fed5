#include <set>

#include "tests/support/api_fixture.h"

namespace postrider::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

using GeneralApi = ApiTest;

TEST_F(GeneralApi, EveryAnswerCarriesARequestId) {
  EXPECT_THAT(request("GET", "/healthz").headers.get("X-Request-Id"), StartsWith("req_"));
  EXPECT_THAT(request("GET", "/nothing").headers.get("X-Request-Id"), StartsWith("req_"));
  const http::Headers own = {{"X-Request-Id", "my-id.1"}};
  const auto good = request("GET", "/v1/events", {}, {}, own);
  EXPECT_EQ(good.headers.get("X-Request-Id"), "my-id.1");
  const auto bad = request("GET", "/v1/events/x", {}, {}, own);
  expect_problem(bad, 404);
  EXPECT_EQ(bad.headers.get("X-Request-Id"), "my-id.1");
}

TEST_F(GeneralApi, UnknownRoutesAndMethodsAreProblems) {
  expect_problem(request("GET", "/nothing"), 404);
  expect_problem(request("GET", "/v1/nothing"), 404);
  const auto wrong = request("DELETE", "/v1/events");
  expect_problem(wrong, 405);
  EXPECT_THAT(std::string(wrong.headers.get("Allow")), HasSubstr("POST"));
}

TEST_F(GeneralApi, ABodyAboveTheLimitIs413) {
  const std::string large(1U << 20U, ' ');
  expect_problem(request("POST", "/v1/endpoints", large), 413);
}

TEST_F(GeneralApi, TheDocumentNamesEveryRoute) {
  const auto document = nlohmann::json::parse(api::openapi_json(), nullptr, false);
  ASSERT_FALSE(document.is_discarded());
  EXPECT_EQ(document["openapi"], "3.1.0");
  std::set<std::string> documented;
  for (const auto& [path, item] : document["paths"].items()) {
    for (const auto& [method, operation] : item.items()) documented.insert(method + " " + path);
  }
  std::set<std::string> served;
  for (const auto& route : api_->routes()) {
    std::string method = route.method;
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    served.insert(method + " " + route.pattern);
  }
  EXPECT_GT(served.size(), 40U);
  EXPECT_EQ(documented, served);
}

TEST_F(GeneralApi, EveryReferenceOfTheDocumentLeadsSomewhere) {
  const auto document = nlohmann::json::parse(api::openapi_json(), nullptr, false);
  ASSERT_FALSE(document.is_discarded());
  std::vector<const nlohmann::json*> open = {&document};
  std::size_t references = 0;
  while (!open.empty()) {
    const auto* at = open.back();
    open.pop_back();
    if (at->is_object() && at->contains("$ref") && (*at)["$ref"].is_string()) {
      const std::string reference = (*at)["$ref"].get<std::string>().substr(1);
      EXPECT_TRUE(document.contains(nlohmann::json::json_pointer(reference))) << reference;
      ++references;
    }
    if (at->is_structured()) {
      for (const auto& child : *at) open.push_back(&child);
    }
  }
  EXPECT_GT(references, 50U);
}

TEST_F(GeneralApi, OperationIdsAreUnique) {
  const auto document = nlohmann::json::parse(api::openapi_json(), nullptr, false);
  std::set<std::string> seen;
  for (const auto& [path, item] : document["paths"].items()) {
    for (const auto& [method, operation] : item.items()) {
      if (method == "parameters") continue;
      EXPECT_TRUE(seen.insert(operation.value("operationId", "")).second) << path << method;
    }
  }
}

TEST_F(GeneralApi, PagesLoadNothingFromElsewhere) {
  for (const char* path : {"/docs", "/"}) {
    const auto answer = request_as("", "GET", path);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.get("Content-Type"), "text/html; charset=utf-8");
    EXPECT_THAT(answer.body, ::testing::Not(HasSubstr("http://")));
    EXPECT_THAT(answer.body, ::testing::Not(HasSubstr("https://")));
    EXPECT_THAT(
        std::string(answer.headers.get("Content-Security-Policy")), HasSubstr("default-src 'none'")
    );
  }
}

}  // namespace
}  // namespace postrider::testing
