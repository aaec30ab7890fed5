#include "api/problem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "api/body.h"
#include "store/yielded.h"

namespace postrider::api {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(Problem, FollowsFromTheErrorOfTheService) {
  const std::vector<std::pair<Errc, int>> expected = {
      {Errc::kInvalidArgument, 422},
      {Errc::kNotFound, 404},
      {Errc::kConflict, 409},
      {Errc::kBusy, 503},
      {Errc::kUnavailable, 503},
      {Errc::kCorrupt, 500},
      {Errc::kInternal, 500},
  };
  for (const auto& [code, status] : expected) {
    const Problem problem = problem_of(Error{code, 0, "something"});
    EXPECT_EQ(problem.status, status);
    EXPECT_EQ(problem.retry_after_s.has_value(), status == 503);
  }
}

TEST(Problem, KnowsWhatMayBeAskedForAgainAtOnce) {
  EXPECT_TRUE(problem_of(Error{Errc::kBusy, kSerializationFailure, "something"}).yielded);
  EXPECT_TRUE(problem_of(Error{Errc::kBusy, kDeadlock, "something"}).yielded);
  EXPECT_FALSE(problem_of(Error{Errc::kBusy, 0, "the write queue is full"}).yielded);
  EXPECT_FALSE(problem_of(Error{Errc::kUnavailable, kDeadlock, "something"}).yielded);
}

TEST(Problem, SaysNothingOfWhatWentWrongInside) {
  http::Request request;
  const auto answer = to_response(
      problem_of(Error{Errc::kInternal, 11, "/var/lib/postrider.db is broken"}), request
  );
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.body, Not(HasSubstr("/var/lib")));
}

TEST(Problem, IsAWholeObjectWithTheRequestsOwnId) {
  http::Request request;
  request.headers.add("x-request-id", "abc-1");
  Problem busy = problem(503, "Busy \"now\".");
  busy.retry_after_s = 1;
  const auto answer = to_response(busy, request);
  EXPECT_EQ(answer.content_type, "application/problem+json");
  EXPECT_EQ(answer.headers.get("X-Request-Id"), "abc-1");
  EXPECT_EQ(answer.headers.get("Retry-After"), "1");
  EXPECT_EQ(
      nlohmann::json::parse(answer.body),
      nlohmann::json(
          {{"type", "urn:postrider:problem:unavailable"},
           {"title", "The service cannot do this right now"},
           {"status", 503},
           {"detail", "Busy \"now\"."},
           {"request_id", "abc-1"}}
      )
  );
}

TEST(RequestId, IsMadeAnewWhenTheClientsIsNotSane) {
  http::Request request;
  request.headers.add("X-Request-Id", "a\"b");
  const auto made = request_id(request);
  EXPECT_THAT(made, StartsWith("req_"));
  EXPECT_NE(made, request_id(request));
  request.headers.set("X-Request-Id", std::string(129, 'a'));
  EXPECT_THAT(request_id(request), StartsWith("req_"));
}

TEST(Invalid, Is413WhenOnlySizesAreWrong) {
  EXPECT_EQ(invalid({{"/data", "is too large", true}}).status, 413);
  EXPECT_EQ(invalid({{"/data", "is too large", true}, {"/type", "is missing"}}).status, 422);
}

TEST(BodyReader, TakesAnEmptyBodyForAnEmptyObject) {
  http::Request request;
  auto body = BodyReader::open(request);
  ASSERT_TRUE(body);
  EXPECT_FALSE(body->boolean("dry_run"));
  EXPECT_TRUE(body->check());
}

TEST(BodyReader, RefusesUnknownAndRepeatedMembersByName) {
  http::Request request;
  request.body = R"({"a":"x","a":"y","b":1,"c":null})";
  auto body = BodyReader::open(request);
  ASSERT_TRUE(body);
  static_cast<void>(body->text("a", 10));
  const auto checked = body->check();
  ASSERT_FALSE(checked);
  std::vector<std::string> pointers;
  for (const auto& error : checked.error().errors) pointers.push_back(error.pointer);
  EXPECT_THAT(pointers, testing::ElementsAre("/a", "/b", "/c"));
}

TEST(BodyReader, SaysOfEachMemberWhatItMustBe) {
  http::Request request;
  request.body = R"({"t":1,"b":"x","i":1.5,"j":99,"at":"today","long":"12345"})";
  auto body = BodyReader::open(request);
  ASSERT_TRUE(body);
  EXPECT_FALSE(body->text("t", 10));
  EXPECT_FALSE(body->boolean("b"));
  EXPECT_FALSE(body->integer("i", 0, 10));
  EXPECT_FALSE(body->integer("j", 0, 10));
  EXPECT_FALSE(body->instant("at"));
  EXPECT_FALSE(body->text("long", 4));
  body->required("gone");
  EXPECT_EQ(body->errors().size(), 7U);
}

TEST(BodyReader, ReadsIntegersThatAreWrittenWithAFraction) {
  http::Request request;
  request.body = R"({"a":10.0,"b":1e1,"c":10.5})";
  auto body = BodyReader::open(request);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->integer("a", 0, 10), 10);
  EXPECT_EQ(body->integer("b", 0, 10), 10);
  EXPECT_FALSE(body->integer("c", 0, 20));
}

TEST(BodyReader, TellsMalformedFromWrong) {
  http::Request request;
  request.body = "{";
  EXPECT_EQ(BodyReader::open(request).error().status, 400);
  request.body = "[]";
  EXPECT_EQ(BodyReader::open(request).error().status, 422);
  request.body = "{}";
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  EXPECT_EQ(BodyReader::open(request).error().status, 415);
}

}  // namespace
}  // namespace postrider::api
