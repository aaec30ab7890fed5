// How lists and single objects are shown.
#include "app/postrider/listing.h"

#include "app/postrider/terminal_text.h"

#include "tests/unit/cli/commands_fixture.h"

namespace postrider::cli {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

using ListingTest = CommandsTest;

constexpr const char* kEndpoints =
    R"({"data":[{"id":"ep_1","url":"https://hooks.example.com/in"}],"next_cursor":null})";

/// A pending delivery of an hour ago, tried three minutes ago.
constexpr const char* kDeliveries =
    R"({"data":[{"id":"dlv_1","event":"evt_1","type":"order.created","tenant":"東京支店",)"
    R"("endpoint":"ep_1","state":"pending","reason":null,"attempts_count":2,)"
    R"("created_at":"2026-01-01T11:00:00.000Z","next_attempt_at":"2026-01-01T12:04:10.000Z",)"
    R"("finished_at":null,"last_attempt":{"started_at":"2026-01-01T11:56:30.000Z","status":503,)"
    R"("outcome":"http_error"}}],"next_cursor":null})";

TEST_F(ListingTest, ListsFollowCursors) {
  can("GET /v1/events?type=a.b&limit=250", 200, R"({"data":[{"id":"evt_2"}],"next_cursor":"c+1"})");
  can("GET /v1/events?type=a.b&limit=250&cursor=c%2B1",
      200,
      R"({"data":[{"id":"evt_1","data":{"n": 1.10}}],"next_cursor":null})");
  ASSERT_EQ(run({"events", "list", "--type", "a.b", "--all", "--json"}), 0) << err_.str();
  EXPECT_EQ(out_.str(), "{\"id\":\"evt_2\"}\n{\"id\":\"evt_1\",\"data\":{\"n\":1.10}}\n");
}

TEST_F(ListingTest, ListsStopAtTheirLimit) {
  can("GET /v1/tasks?limit=2", 200, R"({"data":[{"id":"t2"},{"id":"t1"}],"next_cursor":"c"})");
  ASSERT_EQ(run({"tasks", "list", "--limit", "2"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("t1"));
  EXPECT_THAT(err_.str(), HasSubstr("More rows are available"));
}

TEST_F(ListingTest, AnEmptyListSaysSo) {
  can("GET /v1/dead-letters?reason=gone&limit=50", 200, R"({"data":[],"next_cursor":null})");
  ASSERT_EQ(run({"dead-letters", "list", "--reason", "gone"}), 0);
  EXPECT_EQ(out_.str(), "no dead letters\n");
  ASSERT_EQ(run({"dead-letters", "list", "--reason", "gone", "--json"}), 0);
  EXPECT_EQ(out_.str(), "");
}

TEST_F(ListingTest, ShowsAttemptsWithEscapedExcerpts) {
  can("GET /v1/dead-letters/dlv_1",
      200,
      R"({"id":"dlv_1","state":"dead","finished_at":"2026-01-01T00:00:01.000Z","attempts":[)"
      R"({"id":"att_1","number":1,"started_at":"2026-01-01T00:00:00.000Z","duration_ms":1500,)"
      R"("status":500,"outcome":"http_error","error":null,)"
      R"("response_excerpt":"\u001b]0;x\u0007oops"},)"
      R"({"id":"att_2","number":2,"started_at":"2026-01-01T00:00:05.000Z","duration_ms":3,)"
      R"("status":null,"outcome":"connect","error":"refused","response_excerpt":""}]})");
  ASSERT_EQ(run({"dead-letters", "show", "dlv_1"}), 0) << err_.str();
  EXPECT_EQ(
      out_.str(),
      "id:          dlv_1\n"
      "state:       dead\n"
      "finished_at: 2026-01-01 00:00:01Z (11 h ago)\n"
      "attempts:\n"
      "  #  STARTED               STATUS  OUTCOME     DURATION  ERROR    RESPONSE\n"
      "  1  2026-01-01 00:00:00Z  500     http_error  1.5 s              \\x1b]0;x\\x07oops\n"
      "  2  2026-01-01 00:00:05Z  -       connect     3 ms      refused\n"
      "last error: refused\n"
  );
}

TEST_F(ListingTest, ShowsWhatTheLastAttemptSaidInFull) {
  const std::string error = "The TLS certificate has expired. The receiver has to renew it.";
  can("GET /v1/deliveries/dlv_1",
      200,
      R"({"id":"dlv_1","attempts":[{"id":"att_1","number":1,)"
      R"("started_at":"2026-01-01T00:00:00.000Z","duration_ms":3,"status":null,"outcome":"tls",)"
      R"("error":")" +
          error + R"(","response_excerpt":""}]})");
  ASSERT_EQ(run({"deliveries", "show", "dlv_1"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("3 ms      The TLS certificate"));
  EXPECT_THAT(out_.str(), EndsWith("\nlast error: " + error + "\n"));
}

TEST_F(ListingTest, DeliveriesShowWhatAPersonAsks) {
  can("GET /v1/deliveries?limit=50", 200, kDeliveries);
  can("GET /v1/endpoints?limit=250", 200, kEndpoints);
  ASSERT_EQ(run({"deliveries", "list"}), 0) << err_.str();
  EXPECT_EQ(
      out_.str(),
      "ID     TENANT    TYPE           URL                   STATE    LAST  TRIED      NEXT\n"
      "dlv_1  東京支店  order.created  hooks.example.com/in  pending  503   3 min ago  in 4 min\n"
  );
}

TEST_F(ListingTest, WideTablesHaveEveryColumnUncut) {
  can("GET /v1/deliveries?limit=50", 200, kDeliveries);
  can("GET /v1/endpoints?limit=250", 200, kEndpoints);
  io_.width = 40;
  ASSERT_EQ(run({"deliveries", "list", "--wide"}), 0) << err_.str();
  for (const char* text :
       {"https://hooks.example.com/in",
        "order.created",
        "evt_1",
        "ep_1",
        "2026-01-01 11:56:30Z",
        "2026-01-01 12:04:10Z"}) {
    EXPECT_THAT(out_.str(), HasSubstr(text));
  }
}

TEST_F(ListingTest, TheDefaultTenantAloneIsNotShown) {
  const auto row = [](const char* tenant) {
    return R"({"id":"evt_1","type":"a","tenant":")" + std::string(tenant) + "\"}";
  };
  can("GET /v1/events?limit=50", 200, "{\"data\":[" + row("default") + "],\"next_cursor\":null}");
  can("GET /v1/events?limit=50",
      200,
      "{\"data\":[" + row("default") + "," + row("acme") + "],\"next_cursor\":null}");
  ASSERT_EQ(run({"events", "list"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), Not(HasSubstr("TENANT")));
  ASSERT_EQ(run({"events", "list"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("acme"));
  EXPECT_THAT(out_.str(), HasSubstr("default"));
}

TEST_F(ListingTest, AnEndpointThatIsOnNoPageIsLookedUpOnce) {
  const auto row = [](const char* id, const char* endpoint) {
    return R"({"id":")" + std::string(id) + R"(","endpoint":")" + endpoint +
           R"(","state":"delivered"})";
  };
  can("GET /v1/deliveries?limit=50",
      200,
      R"({"data":[)" + row("dlv_3", "ep_2") + "," + row("dlv_2", "ep_2") + "," +
          row("dlv_1", "ep_3") + R"(],"next_cursor":null})");
  can("GET /v1/endpoints?limit=250", 200, kEndpoints);
  can("GET /v1/endpoints/ep_2", 200, R"({"id":"ep_2","url":"http://other.example.com/"})");
  ASSERT_EQ(run({"deliveries", "list"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("  other.example.com/"));
  EXPECT_THAT(out_.str(), HasSubstr("(deleted)"));
  EXPECT_EQ(requests().size(), 4U);
}

TEST_F(ListingTest, ATableFitsItsWidth) {
  const std::string url = "https://hooks.example.com/" + std::string(300, 'x');
  can("GET /v1/endpoints?limit=50",
      200,
      R"({"data":[{"id":"ep_01j9zq3k8w2v4n6p8r0t2v4x6z","tenant":"acme","url":")" + url +
          R"(","state":"active","description":"請求システム 🚀 )" + std::string(200, 'y') +
          R"("}],"next_cursor":null})");
  io_.width = 100;
  ASSERT_EQ(run({"endpoints", "list"}), 0) << err_.str();
  std::istringstream lines(out_.str());
  for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), 100U) << line;
  EXPECT_THAT(out_.str(), HasSubstr("請求システム 🚀"));
  EXPECT_THAT(out_.str(), HasSubstr("..."));
}

TEST_F(ListingTest, JsonIsRawUnlessATerminalShowsIt) {
  const std::string row = "{\"id\":\"evt_1\",\"type\":\"a\u202eb\u009b31m 東京\x7f\"}";
  can("GET /v1/events?limit=50", 200, "{\"data\":[" + row + "],\"next_cursor\":null}");
  ASSERT_EQ(run({"events", "list", "--json"}), 0) << err_.str();
  EXPECT_EQ(out_.str(), row + "\n");
  io_.out_is_terminal = true;
  ASSERT_EQ(run({"events", "list", "--json"}), 0) << err_.str();
  EXPECT_EQ(out_.str(), "{\"id\":\"evt_1\",\"type\":\"a\\u202eb\\u009b31m 東京\\u007f\"}\n");
}

TEST_F(ListingTest, ShowSaysWhatADeliveryWaitsFor) {
  can("GET /v1/deliveries/dlv_1",
      200,
      R"({"id":"dlv_1","state":"pending","waiting_for":"circuit",)"
      R"("next_attempt_at":"2026-01-01T12:04:10.000Z"})");
  ASSERT_EQ(run({"deliveries", "show", "dlv_1"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("waiting_for:     circuit (the endpoint keeps failing"));
  EXPECT_THAT(out_.str(), HasSubstr("next_attempt_at: 2026-01-01 12:04:10Z (in 4 min)\n"));
}

}  // namespace
}  // namespace postrider::cli
