#include "service/attempt_wait.h"

#include <future>

#include <gmock/gmock.h>

#include "tests/unit/engine/fakes.h"
#include "tests/unit/service/other_node.h"

namespace postrider::testing {
namespace {

constexpr Millis kPatience{10'000};

/// Half of the time that is left passes with every look: no wait is long, and each ends.
class HastyClock final : public Clock {
 public:
  explicit HastyClock(MonoTime end) : end_(end) {}
  [[nodiscard]] WallTime wall_now() const override { return kStart; }
  [[nodiscard]] MonoTime mono_now() const override {
    const MonoTime now = now_;
    now_ += std::max<MonoTime::duration>((end_ - now_) / 2, Millis{1});
    return now;
  }
  [[nodiscard]] std::int64_t boot() const override { return 1; }

 private:
  const MonoTime end_;
  mutable MonoTime now_{};
};

class AttemptWaitTest : public OtherNodeFixture {
 protected:
  void SetUp() override {
    OtherNodeFixture::SetUp();
    due_ = emit_one(add());
  }
  [[nodiscard]] AttemptWait wanted(std::uint64_t from = 0) const {
    return {due_.delivery.id, from, clock_.mono_now() + kPatience};
  }
  [[nodiscard]] Result<RecordedAttempt> wait(const AttemptWait& wait, StoreReader* elsewhere) {
    return wait_for_attempt(wait, feed_, elsewhere, clock_);
  }
  static RecordedAttempt attempt_of(DeliveryId delivery, int number) {
    RecordedAttempt attempt;
    attempt.settlement.delivery = delivery;
    attempt.settled = {.applied = true, .attempt = {number}, .number = number};
    return attempt;
  }
  /// Another node settles it.
  void settle_elsewhere(NextState next, int status) {
    auto settlement = settlement_of(due_, Verdict::kRetry, next);
    settlement.attempt.status = status;
    settlement.attempt.response_excerpt = "what it said";
    elsewhere([&] { return shared_->settle(std::vector{settlement}, now_).map([](const auto&) {}); }
    );
  }

  const SystemClock clock_{};
  AttemptFeed feed_;
  DueDelivery due_;
};

// By this node.

TEST_F(AttemptWaitTest, FindsTheFirstAttemptThatIsAlreadyInTheFeed) {
  feed_.publish({attempt_of({99}, 1), attempt_of(due_.delivery.id, 1)});
  feed_.publish({attempt_of(due_.delivery.id, 2)});
  EXPECT_EQ(must(wait(wanted(), nullptr)).settled.number, 1);
}

TEST_F(AttemptWaitTest, PassesOverAttemptsFromBeforeItWasAskedFor) {
  feed_.publish({attempt_of(due_.delivery.id, 1)});
  const auto from = feed_.next_number();
  feed_.publish({attempt_of(due_.delivery.id, 2)});
  EXPECT_EQ(must(wait(wanted(from), nullptr)).settled.number, 2);
}

TEST_F(AttemptWaitTest, WaitsForAnAttemptThatIsPublishedMeanwhile) {
  auto waiting = std::async(std::launch::async, [&] { return wait(wanted(), nullptr); });
  for (int i = 0; i < 100; ++i) feed_.publish({attempt_of({99}, i)});
  feed_.publish({attempt_of(due_.delivery.id, 1)});
  EXPECT_EQ(must(waiting.get()).settled.number, 1);
}

TEST_F(AttemptWaitTest, EndsWhenThereIsNoneInTime) {
  HastyClock clock{MonoTime{Millis{40}}};
  const AttemptWait wanted{due_.delivery.id, 0, MonoTime{Millis{40}}};
  for (StoreReader* const elsewhere : {static_cast<StoreReader*>(nullptr), reader_.get()}) {
    const auto found = wait_for_attempt(wanted, feed_, elsewhere, clock);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errc::kUnavailable);
  }
}

TEST_F(AttemptWaitTest, EndsWithTheFeed) {
  auto waiting = std::async(std::launch::async, [&] { return wait(wanted(), nullptr); });
  auto watching = std::async(std::launch::async, [&] { return wait(wanted(), reader_.get()); });
  feed_.close();
  EXPECT_EQ(waiting.get().error().code, Errc::kUnavailable);
  EXPECT_EQ(watching.get().error().code, Errc::kUnavailable);
}

// By another node.

TEST_F(AttemptWaitTest, FindsInTheStoreWhatAnotherNodeHasSettled) {
  settle_elsewhere(Delivered{}, 204);
  const RecordedAttempt found = must(wait(wanted(), reader_.get()));
  EXPECT_EQ(found.settlement.delivery, due_.delivery.id);
  EXPECT_EQ(found.settlement.endpoint, due_.delivery.endpoint);
  EXPECT_EQ(found.settlement.attempt.status, 204);
  EXPECT_EQ(found.settlement.attempt.response_excerpt, "what it said");
  EXPECT_EQ(found.settlement.next, NextState{Delivered{}});
  EXPECT_EQ(found.settlement.event->id, due_.event->id);
  EXPECT_EQ(found.settlement.event->data, due_.event->data);
  EXPECT_TRUE(found.settled.applied);
  EXPECT_EQ(found.settled.number, 1);
  EXPECT_NE(found.settled.attempt, AttemptId{});
}

TEST_F(AttemptWaitTest, SaysWhenADeliveryThatFailedElsewhereIsDueAgain) {
  settle_elsewhere(RetryAt{now_ + Millis{5000}}, 500);
  const RecordedAttempt found = must(wait(wanted(), reader_.get()));
  EXPECT_EQ(found.settlement.next, NextState{RetryAt{now_ + Millis{5000}}});
  EXPECT_TRUE(found.settled.applied);
}

TEST_F(AttemptWaitTest, SaysWhyADeliveryThatFailedElsewhereIsDead) {
  settle_elsewhere(Dead{DeadReason::kGone}, 410);
  EXPECT_EQ(
      must(wait(wanted(), reader_.get())).settlement.next, NextState{Dead{DeadReason::kGone}}
  );
}

TEST_F(AttemptWaitTest, SaysThatAnAttemptDecidedNothingWhenThePersonCancelledIt) {
  settle_elsewhere(RetryAt{now_}, 500);
  elsewhere([&]() -> Status {
    Delivery delivery = must(shared_->delivery(due_.delivery.id));
    delivery.state = DeliveryState::kCancelled;
    delivery.due_at.reset();
    delivery.finished_at = now_;
    return shared_->change_delivery(delivery);
  });
  EXPECT_FALSE(must(wait(wanted(), reader_.get())).settled.applied);
}

TEST_F(AttemptWaitTest, TakesTheFirstOfSeveralAttempts) {
  settle_elsewhere(RetryAt{now_}, 500);
  due_.delivery.attempts_count = 1;
  settle_elsewhere(Delivered{}, 200);
  const RecordedAttempt found = must(wait(wanted(), reader_.get()));
  EXPECT_EQ(found.settled.number, 1);
  EXPECT_EQ(found.settlement.attempt.status, 500);
}

TEST_F(AttemptWaitTest, WaitsForWhatAnotherNodeSettlesMeanwhile) {
  auto waiting = std::async(std::launch::async, [&] { return wait(wanted(), reader_.get()); });
  settle_elsewhere(Delivered{}, 200);
  EXPECT_EQ(must(waiting.get()).settlement.attempt.status, 200);
}

TEST_F(AttemptWaitTest, FindsItInTheFeedWhenThisNodeHasBegunToSendForIt) {
  auto waiting = std::async(std::launch::async, [&] { return wait(wanted(), reader_.get()); });
  feed_.publish({attempt_of(due_.delivery.id, 1)});
  EXPECT_EQ(must(waiting.get()).settled.attempt, AttemptId{1});
}

TEST_F(AttemptWaitTest, FailsWhenTheDeliveryCannotBeRead) {
  FakeReader broken;
  const auto found = wait(wanted(), &broken);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::kInternal) << "the reader's own";
}

}  // namespace
}  // namespace postrider::testing
