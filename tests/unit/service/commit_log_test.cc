#include "service/commit_log.h"

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

namespace postrider {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr EndpointId kEndpoint{7};

class CommitLogTest : public ::testing::Test {
 protected:
  /// The lines of one commit after the other, without their time.
  std::vector<std::string> lines_of(
      const std::vector<Effects>& commits, log::Level level = log::Level::kInfo, double seconds = 0
  ) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
    const Fd reader{ends[0]};
    Fd writer{ends[1]};
    {
      const log::Session session({.level = level, .fd = writer.get()}, clock_);
      CommitLog log{IdCodec{1}};
      for (const Effects& effects : commits) log.write(effects, seconds, 3);
    }
    writer.reset();
    std::string all;
    std::array<char, 4096> buffer{};
    for (ssize_t count = 0; (count = ::read(reader.get(), buffer.data(), buffer.size())) > 0;)
      all.append(buffer.data(), static_cast<std::size_t>(count));
    std::vector<std::string> lines;
    for (std::size_t at = 0, end = 0; (end = all.find('\n', at)) != std::string::npos; at = end + 1)
      lines.push_back(all.substr(at + kTimeBytes, end - at - kTimeBytes));
    return lines;
  }

  static RecordedAttempt attempt(Verdict verdict, Outcome outcome, int status, NextState next) {
    RecordedAttempt recorded;
    recorded.settled.applied = true;
    Settlement& settlement = recorded.settlement;
    settlement.endpoint = kEndpoint;
    settlement.verdict = verdict;
    settlement.next = next;
    settlement.attempt.outcome = outcome;
    settlement.attempt.status = status;
    settlement.attempt.error = "what a receiver said of a secret";
    settlement.attempt.duration = Millis{12};
    settlement.event = std::make_shared<const Event>();
    return recorded;
  }
  static Effects with(RecordedAttempt recorded) {
    Effects effects;
    effects.attempts.push_back(std::move(recorded));
    return effects;
  }
  static Effects failed(int status = 500) {
    return with(attempt(Verdict::kRetry, Outcome::kHttpError, status, RetryAt{}));
  }
  static Effects delivered() {
    return with(attempt(Verdict::kDelivered, Outcome::kSuccess, 200, Delivered{}));
  }
  static Effects throttled() {
    return with(attempt(Verdict::kThrottled, Outcome::kHttpError, 429, RetryAt{}));
  }

  static constexpr std::size_t kTimeBytes = 25;
  SystemClock clock_;
};

TEST_F(CommitLogTest, WritesNothingForDeliveriesThatSucceed) {
  EXPECT_THAT(lines_of({delivered(), delivered()}), IsEmpty());
}

TEST_F(CommitLogTest, WritesOneLineForEachEpisodeOfFailures) {
  EXPECT_THAT(
      lines_of({failed(), failed(502), delivered(), failed(), delivered(), delivered()}),
      ElementsAre(
          AllOf(HasSubstr("info endpoint failing endpoint=ep_"), HasSubstr("status=500")),
          HasSubstr("endpoint recovered"),
          HasSubstr("endpoint failing"),
          HasSubstr("endpoint recovered")
      )
  );
}

TEST_F(CommitLogTest, WritesOneLineForEachEpisodeOfThrottling) {
  EXPECT_THAT(
      lines_of({throttled(), throttled(), failed(), delivered(), throttled(), delivered()}),
      ElementsAre(
          AllOf(HasSubstr("endpoint throttling began"), HasSubstr("status=429")),
          HasSubstr("endpoint throttling ended"),
          HasSubstr("endpoint failing"),
          HasSubstr("endpoint recovered"),
          HasSubstr("endpoint throttling began"),
          HasSubstr("endpoint throttling ended")
      )
  );
}

TEST_F(CommitLogTest, NamesTheReasonOfADeadDeliveryButNotWhatTheReceiverSaid) {
  auto dead =
      attempt(Verdict::kRejected, Outcome::kHttpError, 400, Dead{DeadReason::kAttemptsExhausted});
  dead.settlement.attempts_count = 9;
  const auto lines = lines_of({with(dead)});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("warning delivery dead delivery=dlv_"));
  EXPECT_THAT(
      lines[0], HasSubstr("reason=attempts_exhausted attempts=10 outcome=http_error status=400")
  );
  EXPECT_THAT(lines[0], Not(HasSubstr("secret")));
}

TEST_F(CommitLogTest, WritesNoDeadDeliveryThatSomebodyChangedMeanwhile) {
  auto late = attempt(Verdict::kRejected, Outcome::kRejected, 400, Dead{DeadReason::kRejected});
  late.settled.applied = false;
  EXPECT_THAT(lines_of({with(late)}), IsEmpty());
  EXPECT_THAT(
      lines_of({with(late)}, log::Level::kDebug),
      ElementsAre(AllOf(HasSubstr("debug attempt finished"), HasSubstr("next=unchanged")))
  );
}

TEST_F(CommitLogTest, NamesTheLastAttemptOfAnEndpointThatIsDisabled) {
  Effects effects = failed(503);
  effects.disabled_endpoints.emplace_back(kEndpoint, DisabledReason::kFailing);
  effects.circuits.emplace_back(kEndpoint, true);
  const auto lines = lines_of({std::move(effects)});
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_THAT(lines[1], HasSubstr("info circuit opened endpoint=ep_"));
  EXPECT_THAT(lines[1], HasSubstr("outcome=http_error status=503"));
  EXPECT_THAT(lines[2], HasSubstr("warning endpoint disabled endpoint=ep_"));
  EXPECT_THAT(lines[2], HasSubstr("reason=failing outcome=http_error status=503"));
}

TEST_F(CommitLogTest, WritesCommitsThatAreSlow) {
  EXPECT_THAT(lines_of({Effects{}}, log::Level::kInfo, 0.4), IsEmpty());
  EXPECT_THAT(
      lines_of({Effects{}}, log::Level::kInfo, 1.25),
      ElementsAre("warning slow commit duration_ms=1250 rows=3")
  );
}

TEST_F(CommitLogTest, WritesRefusedOutboxRows) {
  Effects effects;
  effects.refused_outbox_rows.push_back({41, "data is not JSON"});
  EXPECT_THAT(
      lines_of({effects}),
      ElementsAre("warning outbox row refused row=41 reason=\"data is not JSON\"")
  );
}

}  // namespace
}  // namespace postrider
