// Heads as they come in over a socket.
#include "http/socket_stream.h"

#include <array>
#include <future>
#include <optional>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "http/socket.h"

namespace postrider::http {
namespace {

using HeadRead = SocketStream::HeadRead;

constexpr std::string_view kHead = "POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\n";

class SocketStreamTest : public testing::Test {
 protected:
  SocketStreamTest() {
    std::array<int, 2> ends{-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    client_ = Fd{ends[0]};
    server_ = Fd{ends[1]};
    stream_.emplace(server_.get(), "client", clock_, StreamLimits{.head_bytes = 64U << 10U});
    stream_->begin_request();
  }

  void send(std::string_view bytes) const {
    ASSERT_EQ(
        ::send(client_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
        static_cast<ssize_t>(bytes.size())
    );
  }
  void finish() const { ASSERT_EQ(::shutdown(client_.get(), SHUT_WR), 0); }
  void wait_until_taken() const {
    int left = 1;
    while (left > 0) {
      ASSERT_EQ(::ioctl(server_.get(), FIONREAD, &left), 0);
      std::this_thread::yield();
    }
  }
  HeadRead read_head() {
    std::string_view head;
    const HeadRead read = stream_->read_head(head);
    head_ = head;
    return read;
  }

  const SystemClock clock_{};
  Fd client_;
  Fd server_;
  std::optional<SocketStream> stream_;
  std::string head_;
};

TEST_F(SocketStreamTest, ReadsAHeadThatComesInAnyTwoPieces) {
  for (std::size_t cut = 1; cut < kHead.size(); ++cut) {
    send(kHead.substr(0, cut));
    auto read = std::async(std::launch::async, [&] { return read_head(); });
    wait_until_taken();
    send(kHead.substr(cut));
    ASSERT_EQ(read.get(), HeadRead::kComplete) << cut;
    ASSERT_EQ(head_, kHead) << cut;
    ASSERT_FALSE(stream_->has_buffered()) << cut;
  }
}

TEST_F(SocketStreamTest, LeavesWhatComesBehindAHead) {
  std::string large = "GET /a HTTP/1.1\r\n";
  while (large.size() < 40'000) large += "X-Filler: " + std::string(50, 'x') + "\r\n";
  large += "\r\n";
  send(large + std::string{kHead});
  EXPECT_EQ(read_head(), HeadRead::kComplete);
  EXPECT_EQ(head_, large);
  stream_->begin_request();
  EXPECT_EQ(read_head(), HeadRead::kComplete);
  EXPECT_EQ(head_, kHead);
}

TEST_F(SocketStreamTest, RefusesAtOnceWhatIsNoHead) {
  for (const std::string_view bytes :
       {"\x16\x03\x01", "GET / HTTP/1.1\n\n", "GET / HTTP/1.1\r\nA: b\nC", "\r\n"}) {
    send(bytes);
    EXPECT_EQ(read_head(), HeadRead::kMalformed) << bytes;
  }
}

TEST_F(SocketStreamTest, TellsAHeadThatEndsEarlyFromAClientThatLeft) {
  send("GET / HTTP/1.1\r\n");
  finish();
  EXPECT_EQ(read_head(), HeadRead::kMalformed);
  EXPECT_EQ(read_head(), HeadRead::kBroken);
}

TEST_F(SocketStreamTest, BoundsTheHeadWhetherItEndsOrNot) {
  std::string endless = "GET / HTTP/1.1\r\n";
  while (endless.size() < 80'000) endless += "X-Filler: " + std::string(50, 'x') + "\r\n";
  send(endless);
  EXPECT_EQ(read_head(), HeadRead::kTooLarge);
}

}  // namespace
}  // namespace postrider::http
