#include <csignal>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "transport/curl/curl_transport.h"

#include "tests/support/scripted_server.h"
#include "tests/support/tls_identity.h"

namespace postrider::curl {
namespace {

using Failure = Response::Failure;
using testing::ScriptedServer;
using testing::ServerConnection;
using ::testing::StartsWith;
using testing::TlsIdentity;

class TlsTest : public ::testing::Test {
 protected:
  // OpenSSL writes with write(2); the product ignores the signal in main().
  TlsTest() { std::signal(SIGPIPE, SIG_IGN); }

  /// One POST to a server of that identity, trusting the authorities of `ca_file` (empty: the
  /// system's).
  static Response exchange(const TlsIdentity& identity, const std::string& ca_file) {
    ScriptedServer server{[&](ServerConnection& connection) {
      identity.serve(connection.descriptor(), testing::response_of(200, "private"));
    }};
    const std::vector<std::string> nets = {"127.0.0.0/8"};
    const SystemClock clock;
    CurlTransport transport{
        clock, {.guard = AddressGuard::parse(nets).value(), .ca_file = ca_file}};
    Request request;
    request.url = "https://127.0.0.1:" + std::to_string(server.port()) + "/";
    request.body = "{}";
    request.timeout = Millis{10'000};
    transport.submit(1, std::move(request));
    std::vector<Completion> done;
    const MonoTime deadline = clock.mono_now() + Millis{20'000};
    while (done.empty() && clock.mono_now() < deadline) transport.poll(Millis{20'000}, done);
    EXPECT_EQ(done.size(), 1U);
    done.resize(1);
    return done[0].response;
  }
};

TEST_F(TlsTest, DeliversToAReceiverWhoseCertificateIsTrusted) {
  const TlsIdentity identity{{}};
  const Response response = exchange(identity, identity.ca_file());
  EXPECT_EQ(response.failure, Failure::kNone) << response.error;
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "private");
}

TEST_F(TlsTest, RefusesACertificateOfAnUnknownAuthority) {
  const TlsIdentity identity{{}};
  const Response response = exchange(identity, "");
  EXPECT_EQ(response.failure, Failure::kTls);
  EXPECT_EQ(response.status, 0);
  EXPECT_THAT(response.error, StartsWith("The TLS certificate is self-signed."));
  const TlsIdentity other{{}};
  EXPECT_EQ(exchange(identity, other.ca_file()).failure, Failure::kTls);
}

TEST_F(TlsTest, RefusesACertificateOfAnotherHost) {
  const TlsIdentity identity{{.address = "127.0.0.2"}};
  const Response response = exchange(identity, identity.ca_file());
  EXPECT_EQ(response.failure, Failure::kTls);
  EXPECT_EQ(response.error, "The TLS certificate is for another host name.");
}

TEST_F(TlsTest, RefusesACertificateOutsideOfItsTime) {
  const TlsIdentity expired{{.valid_until_s = -60}};
  const Response late = exchange(expired, expired.ca_file());
  EXPECT_EQ(late.failure, Failure::kTls);
  EXPECT_THAT(late.error, StartsWith("The TLS certificate has expired"));
  const TlsIdentity early{{.valid_from_s = 1800}};
  const Response response = exchange(early, early.ca_file());
  EXPECT_EQ(response.failure, Failure::kTls);
  EXPECT_THAT(response.error, StartsWith("The TLS certificate is not valid yet"));
}

}  // namespace
}  // namespace postrider::curl
