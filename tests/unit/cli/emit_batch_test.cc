#include "app/postrider/emit_batch.h"

#include <fstream>

#include "base/limits.h"

#include "tests/unit/cli/commands_fixture.h"

namespace postrider::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kPath = "POST /v1/events/batch";

class EmitBatchTest : public CommandsTest {
 protected:
  /// An answer that accepts `count` events.
  static std::string accepted(std::size_t count) {
    std::string events;
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) events += ',';
      events += R"({"id":"evt_1","deliveries":2})";
    }
    return R"({"events":[)" + events + "]}";
  }
  static std::string lines(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += "{\"type\":\"a\",\"data\":1}\n";
    return text;
  }
};

TEST_F(EmitBatchTest, SendsTheLinesByteForByte) {
  can(kPath, 202, accepted(2));
  in_.str("{\"type\":\"a\",\"data\":1.10}\r\n\n  \n{\"type\":\"b\", \"data\":\"東\"}");
  ASSERT_EQ(run({"emit", "--batch", "-"}), 0) << err_.str();
  EXPECT_EQ(last().body, "{\"type\":\"a\",\"data\":1.10}\n{\"type\":\"b\", \"data\":\"東\"}\n");
  EXPECT_EQ(last().headers.get("content-type"), "application/x-ndjson");
  EXPECT_EQ(out_.str(), "2 events accepted, 4 deliveries\n");
  EXPECT_THAT(err_.str(), IsEmpty());
}

TEST_F(EmitBatchTest, ReadsAFileAndPrintsAnObjectPerEventWithJson) {
  can(kPath, 202, accepted(3));
  const std::string file = testing::TempDir() + "postrider_batch.ndjson";
  std::ofstream(file) << lines(3);
  ASSERT_EQ(run({"emit", "--batch", file, "--json"}), 0) << err_.str();
  const std::string row = "{\"id\":\"evt_1\",\"deliveries\":2}\n";
  EXPECT_EQ(out_.str(), row + row + row);
}

TEST_F(EmitBatchTest, SplitsWhatIsMoreThanOneRequestTakes) {
  can(kPath, 202, accepted(limits::kBatchEventsMax));
  can(kPath, 202, accepted(limits::kBatchEventsMax));
  can(kPath, 202, accepted(1));
  in_.str(lines(2 * limits::kBatchEventsMax + 1));
  ASSERT_EQ(run({"emit", "--batch", "-", "--idempotency-key", "import"}), 0) << err_.str();
  EXPECT_THAT(requests(), SizeIs(3));
  EXPECT_EQ(last().headers.get("idempotency-key"), "import-3");
  EXPECT_EQ(out_.str(), "20001 events accepted, 40002 deliveries\n");
  EXPECT_EQ(err_.str(), "10000 events accepted\n20000 events accepted\n");
}

TEST_F(EmitBatchTest, SplitsByBytes) {
  can(kPath, 202, accepted(1));
  const std::string large =
      R"({"type":"a","data":")" + std::string(limits::kBatchBytesMax / 2, 'x') + "\"}\n";
  in_.str(large + large);
  ASSERT_EQ(run({"emit", "--batch", "-"}), 0) << err_.str();
  EXPECT_THAT(requests(), SizeIs(2));
  EXPECT_LE(last().body.size(), limits::kBatchBytesMax);
}

TEST_F(EmitBatchTest, NamesTheLinesThatAreRefused) {
  can(kPath,
      422,
      R"({"title":"Unprocessable Content","status":422,"detail":"2 members are wrong.","errors":[)"
      R"({"pointer":"/0/type","detail":"is required"},)"
      R"({"pointer":"/1","detail":"must be an object"}]})");
  in_.str("\n{\"data\":1}\n\n7\n");
  EXPECT_EQ(run({"emit", "--batch", "-"}), kExitFailed);
  EXPECT_EQ(
      err_.str(),
      "postrider: Unprocessable Content\n"
      "  line 2, /type: is required\n"
      "  line 4: must be an object\n"
      "  lines 2 to 4 are not accepted\n"
      "  0 events accepted before\n"
  );
}

TEST_F(EmitBatchTest, NamesALineThatIsNoJson) {
  in_.str("{\"type\":\"a\",\"data\":1}\n{\"type\":\n");
  EXPECT_EQ(run({"emit", "--batch", "-"}), kExitFailed);
  EXPECT_THAT(err_.str(), HasSubstr("line 2 is not one JSON value: column "));
  EXPECT_THAT(err_.str(), HasSubstr("0 events accepted before"));
  EXPECT_THAT(requests(), IsEmpty());
}

TEST_F(EmitBatchTest, SaysWhatWasAcceptedBeforeAFailure) {
  can(kPath, 202, accepted(limits::kBatchEventsMax));
  can(kPath, 503, R"({"title":"Service Unavailable","status":503,"detail":"The queue is full."})");
  in_.str(lines(limits::kBatchEventsMax + 5));
  EXPECT_EQ(run({"emit", "--batch", "-", "--idempotency-key", "k"}), kExitFailed);
  EXPECT_THAT(
      err_.str(),
      HasSubstr("postrider: Service Unavailable: The queue is full.\n"
                "  lines 10001 to 10005 may have been accepted\n"
                "  10000 events accepted before; the same command with the same input does not "
                "accept them twice\n")
  );
}

TEST_F(EmitBatchTest, AcceptsAnEmptyInput) {
  ASSERT_EQ(run({"emit", "--batch", "-"}), 0);
  EXPECT_EQ(out_.str(), "0 events accepted, 0 deliveries\n");
  EXPECT_THAT(requests(), IsEmpty());
}

TEST_F(EmitBatchTest, RefusesFlagsOfASingleEvent) {
  for (const auto& args : std::vector<std::vector<std::string>>{
           {"emit", "--batch", "-", "order.created"},
           {"emit", "--batch", "-", "--tenant", "acme"},
           {"emit", "--batch", "/nowhere/events.ndjson"},
           {"emit"}}) {
    EXPECT_EQ(run(args), kExitUsage) << testing::PrintToString(args);
  }
  EXPECT_THAT(requests(), IsEmpty());
}

}  // namespace
}  // namespace postrider::cli
