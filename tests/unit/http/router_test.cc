#include "http/router.h"

#include <gtest/gtest.h>

namespace postrider::http {
namespace {

Response named(const char* name) {
  Response answer;
  answer.body = name;
  return answer;
}

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    add("GET", "/v1/events");
    add("POST", "/v1/events");
    add("GET", "/v1/events/{id}");
    add("POST", "/v1/events/batch");
    add("POST", "/v1/{kind}/batch");
    add("GET", "/v1/events/{id}/deliveries");
    add("GET", "/assets/{file...}");
  }

  std::string serve(const char* method, const char* target) {
    request_ = Request{};
    request_.method = method;
    request_.target = target;
    match_ = router_.find(request_);
    return match_.route == nullptr ? "none" : match_.route->handler(request_).body;
  }

  Request request_;
  Router::Match match_;

 private:
  void add(const char* method, const char* pattern) {
    router_.add(
        method, pattern, [pattern](const Request&) { return named(pattern); }, 0
    );
  }

  Router router_;
};

TEST_F(RouterTest, HandsOutDecodedParameters) {
  EXPECT_EQ(serve("GET", "/v1/events/a%2Fb%20c?x=/"), "/v1/events/{id}");
  EXPECT_EQ(request_.parameter("id"), "a/b c");
  EXPECT_EQ(request_.parameter("other"), "");
}

TEST_F(RouterTest, NamesThePatternOfTheRoute) {
  serve("GET", "/v1/events/a%2Fb/deliveries?x=1");
  EXPECT_EQ(request_.route, "/v1/events/{id}/deliveries");
  serve("DELETE", "/v1/events");
  EXPECT_EQ(request_.route, "");
}

TEST_F(RouterTest, PrefersLiteralSegments) {
  EXPECT_EQ(serve("POST", "/v1/events/batch"), "/v1/events/batch");
  EXPECT_EQ(serve("POST", "/v1/others/batch"), "/v1/{kind}/batch");
}

TEST_F(RouterTest, NamesTheMethodsOfAKnownPath) {
  EXPECT_EQ(serve("DELETE", "/v1/events"), "none");
  EXPECT_EQ(match_.allow, "GET, POST");
}

TEST_F(RouterTest, TakesNoLiteralSegmentForAParameterOfAnotherMethod) {
  EXPECT_EQ(serve("GET", "/v1/events/batch"), "none");
  EXPECT_EQ(match_.allow, "POST");
}

TEST_F(RouterTest, KnowsNoOtherPaths) {
  EXPECT_EQ(serve("GET", "/v1/event"), "none");
  EXPECT_EQ(serve("GET", "/v1/events/"), "none");
  EXPECT_EQ(serve("GET", "/v1/events/1/deliveries/2"), "none");
  EXPECT_EQ(match_.allow, "");
}

TEST_F(RouterTest, AnswersHeadByGet) { EXPECT_EQ(serve("HEAD", "/v1/events"), "/v1/events"); }

TEST_F(RouterTest, TakesTheRestOfAPath) {
  EXPECT_EQ(serve("GET", "/assets/js/app.js"), "/assets/{file...}");
  EXPECT_EQ(request_.parameter("file"), "js/app.js");
}

}  // namespace
}  // namespace postrider::http
