// A name server that never answers, made by taking the place of the C library's getaddrinfo for one
// name.
#include <string>
#include <string_view>
#include <vector>

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include "base/mutex.h"
#include "transport/curl/curl_transport.h"

#include "tests/support/scripted_server.h"

namespace postrider::curl {
namespace {

constexpr std::string_view kSilentName = "silent.invalid";

/// Where look-ups of kSilentName wait. Lives as long as the process: libcurl lets go of the threads
/// that look names up.
class Gate {
 public:
  void pass() {
    const MutexLock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    while (!open_) changed_.wait(mutex_);
    --waiting_;
    changed_.notify_all();
  }
  void open_for_all() {
    const MutexLock lock(mutex_);
    open_ = true;
    changed_.notify_all();
    while (waiting_ > 0) changed_.wait(mutex_);
    open_ = false;
  }
  void await_somebody() {
    const MutexLock lock(mutex_);
    while (waiting_ == 0) changed_.wait(mutex_);
  }
  [[nodiscard]] int waiting() {
    const MutexLock lock(mutex_);
    return waiting_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool open_ POSTRIDER_GUARDED_BY(mutex_) = false;
  int waiting_ POSTRIDER_GUARDED_BY(mutex_) = 0;
};

Gate& gate() {
  static Gate& instance = *new Gate;  // tidy: mutable-static (outlives the threads of look-ups)
  return instance;
}

class SilentResolverTest : public ::testing::Test {
 protected:
  ~SilentResolverTest() override { gate().open_for_all(); }

  static Request request_to(std::string url, Millis timeout) {
    Request request;
    request.url = std::move(url);
    request.timeout = timeout;
    return request;
  }

  static CurlTransport::Options options() {
    const std::vector<std::string> nets = {"127.0.0.0/8"};
    return {.guard = AddressGuard::parse(nets).value()};
  }

  const std::string url_ = "http://" + std::string{kSilentName} + "/";
  SystemClock clock_;
};

TEST_F(SilentResolverTest, DoesNotHoldUpATransferThatTimesOut) {
  CurlTransport transport{clock_, options()};
  transport.submit(1, request_to(url_, Millis{200}));
  std::vector<Completion> done;
  while (done.empty()) transport.poll(Millis{10'000}, done);
  EXPECT_EQ(done[0].response.failure, Response::Failure::kTimeout);
  EXPECT_EQ(
      done[0].response.error,
      "The host name was not resolved within the timeout: the name server does not answer."
  );
  gate().await_somebody();
  EXPECT_EQ(gate().waiting(), 1);
}

TEST_F(SilentResolverTest, DoesNotHoldUpOtherTransfers) {
  testing::ScriptedServer server{testing::answer_always(testing::response_of(200))};
  CurlTransport transport{clock_, options()};
  transport.submit(1, request_to(url_, Millis{60'000}));
  transport.submit(2, request_to(server.url(), Millis{60'000}));
  std::vector<Completion> done;
  while (done.empty()) transport.poll(Millis{10'000}, done);
  EXPECT_EQ(done[0].id, 2U);
  EXPECT_EQ(done[0].response.status, 200);
  gate().await_somebody();
}

TEST_F(SilentResolverTest, DoesNotHoldUpTheEndOfTheTransport) {
  {
    CurlTransport transport{clock_, options()};
    transport.submit(1, request_to(url_, Millis{60'000}));
    std::vector<Completion> done;
    transport.poll(Millis{1}, done);
    gate().await_somebody();
  }
  EXPECT_EQ(gate().waiting(), 1);
}

}  // namespace
}  // namespace postrider::curl

// Found before the C library's by the dynamic linker.
extern "C" int getaddrinfo(
    const char* name, const char* service, const addrinfo* hints, addrinfo** result
) {
  if (name != nullptr && name == postrider::curl::kSilentName) {
    postrider::curl::gate().pass();
    return EAI_AGAIN;
  }
  const auto next = reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return next(name, service, hints, result);
}
