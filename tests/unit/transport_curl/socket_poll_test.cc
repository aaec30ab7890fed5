#include "transport/curl/socket_poll.h"

#include <array>
#include <optional>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace postrider::testing {
namespace {

constexpr Millis kLong{5000};

class SocketPollTest : public ::testing::Test {
 protected:
  void SetUp() override { connect(); }

  void connect() {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    ours_.reset(ends[0]);
    theirs_.reset(ends[1]);
  }
  void peer_sends() { ASSERT_EQ(::write(theirs_.get(), "x", 1), 1); }

  /// The events of our end; nothing when it is not ready at once.
  std::optional<int> ready_now() {
    std::vector<curl::SocketPoll::Ready> ready;
    EXPECT_FALSE(poll_.wait(Millis{0}, ready));
    if (ready.empty()) return std::nullopt;
    EXPECT_EQ(ready.size(), 1U);
    EXPECT_EQ(ready.front().socket, ours_.get());
    return ready.front().events;
  }

  curl::SocketPoll poll_;
  Fd ours_;
  Fd theirs_;
};

}  // namespace

TEST_F(SocketPollTest, TellsOfWhatIsWantedAlone) {
  poll_.opened(ours_.get());
  poll_.watch(ours_.get(), CURL_POLL_IN);
  EXPECT_EQ(ready_now(), std::nullopt);
  peer_sends();
  EXPECT_EQ(ready_now(), CURL_CSELECT_IN);
  poll_.watch(ours_.get(), CURL_POLL_OUT);
  EXPECT_EQ(ready_now(), CURL_CSELECT_OUT);
  poll_.watch(ours_.get(), CURL_POLL_INOUT);
  EXPECT_EQ(ready_now(), CURL_CSELECT_IN | CURL_CSELECT_OUT);
  poll_.watch(ours_.get(), CURL_POLL_REMOVE);
  EXPECT_EQ(ready_now(), std::nullopt);
}

TEST_F(SocketPollTest, TellsOfAKeptConnectionAgainWhenItIsUsedAgain) {
  poll_.opened(ours_.get());
  poll_.watch(ours_.get(), CURL_POLL_IN);
  poll_.watch(ours_.get(), CURL_POLL_REMOVE);
  poll_.watch(ours_.get(), CURL_POLL_IN);
  peer_sends();
  EXPECT_EQ(ready_now(), CURL_CSELECT_IN);
}

TEST_F(SocketPollTest, AnIdleConnectionThatThePeerClosedIsToldOnlyToWhoUsesItAgain) {
  poll_.opened(ours_.get());
  poll_.watch(ours_.get(), CURL_POLL_IN);
  poll_.watch(ours_.get(), CURL_POLL_REMOVE);
  theirs_.reset();
  EXPECT_EQ(ready_now(), std::nullopt);
  poll_.watch(ours_.get(), CURL_POLL_IN);
  EXPECT_EQ(ready_now(), CURL_CSELECT_IN);
}

TEST_F(SocketPollTest, ADescriptorMeansItsNewSocketOnceTheOldOneIsClosed) {
  poll_.opened(ours_.get());
  poll_.watch(ours_.get(), CURL_POLL_IN);
  const int number = ours_.get();
  poll_.closed(number);
  ours_.reset();
  theirs_.reset();
  connect();
  ASSERT_EQ(ours_.get(), number) << "the lowest free number is given out first";
  poll_.opened(ours_.get());
  poll_.watch(ours_.get(), CURL_POLL_IN);
  peer_sends();
  EXPECT_EQ(ready_now(), CURL_CSELECT_IN);
}

TEST_F(SocketPollTest, AWakeBeforeTheWaitIsNotLost) {
  poll_.wake();
  poll_.wake();
  std::vector<curl::SocketPoll::Ready> ready;
  EXPECT_TRUE(poll_.wait(kLong, ready));
  EXPECT_FALSE(poll_.wait(Millis{0}, ready)) << "both count as one";
}

}  // namespace postrider::testing
