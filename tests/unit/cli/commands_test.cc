#include "app/postrider/commands.h"

#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/unit/cli/commands_fixture.h"

namespace postrider::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST_F(CommandsTest, EmitSendsTheDataByteForByte) {
  can("POST /v1/events", 202, R"({"id":"evt_1","deliveries":2})");
  const std::string data = R"({"b":1.10,"a":12345678901234567890123,"s":"\u0041  x"})";
  ASSERT_EQ(run({"emit", "order.created", data}), 0) << err_.str();
  EXPECT_EQ(last().body, R"({"type":"order.created","data":)" + data + "}");
  EXPECT_EQ(last().headers.get("authorization"), "Bearer pr_test");
  EXPECT_EQ(last().headers.get("content-type"), "application/json");
  EXPECT_EQ(out_.str(), "evt_1 accepted, 2 deliveries\n");
}

TEST_F(CommandsTest, EmitSendsEveryMember) {
  can("POST /v1/events", 202, R"({"id":"evt_1","deliveries":1})");
  ASSERT_EQ(
      run(
          {"emit",
           "a.b",
           "--tenant",
           "acme",
           "--channel",
           "eu",
           "--channel",
           "us",
           "--ordering-key",
           "k",
           "--deliver-at",
           "2026-12-01T00:00:00Z",
           "--idempotency-key",
           "i 1",
           "--metadata",
           R"({"m":"1"})",
           "--json"}
      ),
      0
  );
  EXPECT_EQ(
      last().body,
      R"({"type":"a.b","data":{},"tenant":"acme","channels":["eu","us"],"ordering_key":"k",)"
      R"("deliver_at":"2026-12-01T00:00:00Z","metadata":{"m":"1"}})"
  );
  EXPECT_EQ(last().headers.get("idempotency-key"), "i 1");
  EXPECT_EQ(out_.str(), "{\"id\":\"evt_1\",\"deliveries\":1}\n");
}

TEST_F(CommandsTest, EmitReadsDataFromStandardInputAndFiles) {
  can("POST /v1/events", 202, R"({"id":"evt_1","deliveries":1})");
  in_.str("[1.0]\n");
  ASSERT_EQ(run({"emit", "a", "-"}), 0) << err_.str();
  EXPECT_THAT(last().body, HasSubstr("\"data\":[1.0]\n}"));
  const std::string file = testing::TempDir() + "postrider_emit.json";
  std::ofstream(file) << "{\"f\":1}";
  ASSERT_EQ(run({"emit", "a", "@" + file}), 0) << err_.str();
  EXPECT_THAT(last().body, HasSubstr("\"data\":{\"f\":1}}"));
}

TEST_F(CommandsTest, EmitRefusesDataThatWouldLeaveItsPlace) {
  EXPECT_EQ(run({"emit", "a", R"(1,"tenant":"other")"}), kExitUsage);
  EXPECT_THAT(requests(), IsEmpty());
  EXPECT_EQ(
      err_.str(),
      "postrider: DATA is not one JSON value: line 1, column 2: nothing may follow the value\n"
  );
}

TEST_F(CommandsTest, ShowsAProblemWithItsMembers) {
  can("POST /v1/endpoints",
      422,
      R"({"title":"Invalid","status":422,"detail":"Two members are wrong.","errors":[)"
      R"({"pointer":"/url","detail":"Is no URL."},{"pointer":"/timeout_ms","detail":"\u001b[2J"}]})"
  );
  EXPECT_EQ(run({"endpoints", "create", "nonsense"}), kExitFailed);
  EXPECT_EQ(
      err_.str(),
      "postrider: Invalid: Two members are wrong.\n  /url: Is no URL.\n  /timeout_ms: \\x1b[2J\n"
  );
  EXPECT_THAT(out_.str(), IsEmpty());
}

TEST_F(CommandsTest, CreateSendsTheFlagsAsMembers) {
  can("POST /v1/endpoints", 201, R"({"id":"ep_1","secret":"whsec_x","headers":{"x":"y"}})");
  ASSERT_EQ(
      run(
          {"endpoints",
           "create",
           "https://example.com/h",
           "--event-type",
           "order.*",
           "--event-type",
           "user.created",
           "--header",
           "X-Team: a: b",
           "--retry-delays-ms",
           "5000,300000",
           "--timeout-ms",
           "2000",
           "--set",
           "ordering=\"key\"",
           "--payload",
           "raw"}
      ),
      0
  ) << err_.str();
  EXPECT_EQ(
      last().body,
      R"({"url":"https://example.com/h","event_types":["order.*","user.created"],)"
      R"("headers":{"X-Team":"a: b"},"payload":"raw",)"
      R"("retry":{"kind":"schedule","delays_ms":[5000,300000]},"timeout_ms":2000,"ordering":"key"})"
  );
  EXPECT_EQ(out_.str(), "secret:  whsec_x\nid:      ep_1\nheaders: {\"x\":\"y\"}\n");
}

TEST_F(CommandsTest, AKeyIsPrintedFirst) {
  can("POST /v1/api-keys", 201, R"({"id":"key_1","name":"n","scope":"emit","key":"pr_x"})");
  ASSERT_EQ(run({"keys", "create", "n", "--scope", "emit"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), testing::StartsWith("key:   pr_x\nid:    key_1\n"));
}

TEST_F(CommandsTest, AKeyWithoutAScopeIsRefusedWithTheListOfScopes) {
  EXPECT_EQ(run({"keys", "create", "n"}), kExitUsage);
  for (const char* scope : {"--scope is required", "\n  admin ", "\n  emit ", "\n  read "}) {
    EXPECT_THAT(err_.str(), HasSubstr(scope));
  }
  EXPECT_THAT(requests(), IsEmpty());
}

TEST_F(CommandsTest, ATestOfAnEndpointFailsWhenTheAttemptFailed) {
  can("POST /v1/endpoints/ep_1/test", 200, R"({"id":"att_1","status":200,"outcome":"success"})");
  EXPECT_EQ(run({"endpoints", "test", "ep_1"}), kExitDone);
  can("POST /v1/endpoints/ep_2/test", 200, R"({"id":"att_1","status":500,"outcome":"http_error"})");
  EXPECT_EQ(run({"endpoints", "test", "ep_2"}), kExitFailed);
  EXPECT_THAT(out_.str(), HasSubstr("outcome: http_error\n"));
  EXPECT_EQ(run({"endpoints", "test", "ep_2", "--json"}), kExitFailed);
}

TEST_F(CommandsTest, VariablesOfTheServiceDoNotChangeWhatIsSent) {
  constexpr std::array kNames{
      "POSTRIDER_MAX_IN_FLIGHT",
      "POSTRIDER_TIMEOUT_MS",
      "POSTRIDER_RETRY_DELAYS_MS",
      "POSTRIDER_SECRET",
      "POSTRIDER_TENANT"};
  for (const char* name : kNames) ::setenv(name, "5000", 1);
  can("POST /v1/endpoints", 201, R"({"id":"ep_1","secret":"whsec_x"})");
  EXPECT_EQ(run({"endpoints", "create", "https://example.com/h"}), 0) << err_.str();
  EXPECT_EQ(last().body, R"({"url":"https://example.com/h"})");
  EXPECT_EQ(run({"endpoints", "update", "ep_1"}), kExitUsage) << "there is nothing to change";
  for (const char* name : kNames) ::unsetenv(name);
}

TEST_F(CommandsTest, SecretPrintsTheSecretAlone) {
  const std::string answer = R"({"secret":"whsec_SuTeS80GAV6bZQvzO2dKcPogOqVOj3pv","previous":[]})";
  can("GET /v1/endpoints/ep_1/secret", 200, answer);
  ASSERT_EQ(run({"endpoints", "secret", "ep_1"}), 0) << err_.str();
  EXPECT_EQ(out_.str(), "whsec_SuTeS80GAV6bZQvzO2dKcPogOqVOj3pv\n");
  ASSERT_EQ(run({"endpoints", "secret", "ep_1", "--json"}), 0);
  EXPECT_EQ(out_.str(), answer + "\n");
  EXPECT_EQ(run({"endpoints", "secret", "ep_2"}), kExitFailed);
}

TEST_F(CommandsTest, UpdateNeedsSomethingToChange) {
  EXPECT_EQ(run({"endpoints", "update", "ep_1"}), kExitUsage);
  can("PATCH /v1/endpoints/ep_1", 200, R"({"id":"ep_1"})");
  EXPECT_EQ(run({"endpoints", "update", "ep_1", "--max-in-flight", "4"}), 0);
  EXPECT_EQ(last().body, R"({"max_in_flight":4})");
}

TEST_F(CommandsTest, ActionsOnOneThingUseItsRoute) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> actions{
      {{"endpoints", "pause", "ep_1"}, "POST /v1/endpoints/ep_1/pause"},
      {{"endpoints", "resume", "ep_1"}, "POST /v1/endpoints/ep_1/resume"},
      {{"endpoints", "disable", "ep_1"}, "POST /v1/endpoints/ep_1/disable"},
      {{"endpoints", "delete", "ep_1"}, "DELETE /v1/endpoints/ep_1"},
      {{"endpoints", "secret", "ep_1"}, "GET /v1/endpoints/ep_1/secret"},
      {{"endpoints", "stats", "ep_1"}, "GET /v1/endpoints/ep_1/stats"},
      {{"events", "show", "evt_1"}, "GET /v1/events/evt_1"},
      {{"deliveries", "retry", "dlv_1"}, "POST /v1/deliveries/dlv_1/retry"},
      {{"deliveries", "cancel", "dlv_1"}, "POST /v1/deliveries/dlv_1/cancel"},
      {{"dead-letters", "replay", "dlv_1"}, "POST /v1/dead-letters/dlv_1/replay"},
      {{"dead-letters", "discard", "dlv_1"}, "DELETE /v1/dead-letters/dlv_1"},
      {{"keys", "revoke", "key_1"}, "DELETE /v1/api-keys/key_1"},
      {{"tasks", "cancel", "a/b"}, "POST /v1/tasks/a%2Fb/cancel"},
      {{"event-types", "show", "a.b"}, "GET /v1/event-types/a.b"},
      {{"event-types", "delete", "a.b"}, "DELETE /v1/event-types/a.b"}};
  for (const auto& [args, request] : actions) {
    can(request, 200, "{}");
    EXPECT_EQ(run(args), 0) << request << err_.str();
    EXPECT_EQ(requests().back(), request);
  }
}

TEST_F(CommandsTest, BulkReplayShowsProgressUntilDone) {
  can("POST /v1/dead-letters/replay",
      202,
      R"({"id":"task_1","kind":"replay","state":"running","total":3,"done":0})");
  can("GET /v1/tasks/task_1",
      200,
      R"({"id":"task_1","kind":"replay","state":"running","total":3,"done":2})");
  can("GET /v1/tasks/task_1",
      200,
      R"({"id":"task_1","kind":"replay","state":"done","total":3,"done":3})");
  ASSERT_EQ(run({"dead-letters", "replay-all", "--endpoint", "ep_1", "--reason", "gone"}), 0);
  EXPECT_EQ(
      requests().front(), R"(POST /v1/dead-letters/replay {"endpoint":"ep_1","reason":"gone"})"
  );
  EXPECT_EQ(err_.str(), "replay: 0 of 3 running\nreplay: 2 of 3 running\nreplay: 3 of 3 done\n");
  EXPECT_THAT(out_.str(), HasSubstr("state: done\n"));
}

TEST_F(CommandsTest, AFailedTaskIsAFailure) {
  can("POST /v1/dead-letters/discard",
      202,
      R"({"id":"task_1","kind":"discard","state":"failed","total":3,"done":1})");
  EXPECT_EQ(run({"dead-letters", "discard-all"}), kExitFailed);
}

TEST_F(CommandsTest, BulkWorkCanBeLeftToTheServer) {
  can("POST /v1/dead-letters/replay", 202, R"({"id":"task_1","state":"running","total":3,"done":0})"
  );
  ASSERT_EQ(run({"dead-letters", "replay-all", "--no-wait", "--json"}), 0);
  EXPECT_EQ(requests().size(), 1U);
  EXPECT_EQ(out_.str(), "{\"id\":\"task_1\",\"state\":\"running\",\"total\":3,\"done\":0}\n");
}

TEST_F(CommandsTest, ADryRunOnlySaysHowMany) {
  can("POST /v1/dead-letters/replay", 200, R"({"total":7})");
  ASSERT_EQ(run({"dead-letters", "replay-all", "--tenant", "acme", "--dry-run"}), 0);
  EXPECT_EQ(last().body, R"({"tenant":"acme","dry_run":true})");
  EXPECT_EQ(out_.str(), "would replay 7 dead letters\n");
}

TEST_F(CommandsTest, RecoverNeedsAnInstant) {
  EXPECT_EQ(run({"endpoints", "recover", "ep_1"}), kExitUsage);
  EXPECT_THAT(requests(), IsEmpty());
}

TEST_F(CommandsTest, AddsAnEventTypeThatIsNotThere) {
  can("POST /v1/event-types", 201, R"({"name":"a.b"})");
  ASSERT_EQ(run({"event-types", "set", "a.b", "--schema", R"({"type":"object"})"}), 0)
      << err_.str();
  EXPECT_THAT(
      requests(),
      ElementsAre(
          R"(PATCH /v1/event-types/a.b {"schema":{"type":"object"}})",
          R"(POST /v1/event-types {"name":"a.b","schema":{"type":"object"}})"
      )
  );
}

TEST_F(CommandsTest, ShowsAnAnswerThatIsNoProblem) {
  can("GET /v1/tasks/t", 502, "<html>\x1b[2J");
  EXPECT_EQ(run({"tasks", "show", "t"}), kExitFailed);
  EXPECT_EQ(err_.str(), "postrider: the server answered 502: <html>\\x1b[2J\n");
}

class SignTest : public testing::Test {
 protected:
  int run(std::vector<std::string> args) {
    out_.str("");
    err_.str("");
    Cli cli("postrider", "Webhooks");
    add_client_commands(cli.root());
    return cli.run(std::move(args), io_);
  }

  const std::string secret_ = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
  Io io_{in_, out_, err_};
};

TEST_F(SignTest, SignsAsTheExampleOfStandardWebhooks) {
  ASSERT_EQ(
      run(
          {"sign",
           "--secret",
           secret_,
           "--id",
           "msg_p5jXN8AQM9LWM0D4loKWxJek",
           "--timestamp",
           "1614265330",
           R"({"test": 2432232314})"}
      ),
      0
  ) << err_.str();
  EXPECT_THAT(
      out_.str(), HasSubstr("webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\n")
  );
}

TEST_F(SignTest, VerifiesAsOfAnInstant) {
  std::vector<std::string> args{
      "verify",
      "--secret",
      secret_,
      "--timestamp",
      "1614265335",
      "--header",
      "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek",
      "--header",
      "webhook-timestamp: 1614265330",
      "--header",
      "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
      R"({"test": 2432232314})"};
  EXPECT_EQ(run(args), 0) << err_.str();
  EXPECT_EQ(out_.str(), "verified\n");
  args.back() = R"({"test": 2432232315})";
  EXPECT_EQ(run(args), kExitFailed);
  EXPECT_THAT(err_.str(), testing::StartsWith("not verified: "));
}

TEST_F(SignTest, RefusesSecretsThatAreNoneWithoutRepeatingThem) {
  EXPECT_EQ(run({"sign", "--secret", "whsec_abc", "--id", "x", "{}"}), kExitUsage);
  EXPECT_THAT(err_.str(), Not(HasSubstr("whsec_abc")));
  EXPECT_EQ(run({"sign", "{}"}), kExitUsage);
}

}  // namespace
}  // namespace postrider::cli
