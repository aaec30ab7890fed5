#include "transport/curl/failure.h"

#include <cerrno>
#include <map>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postrider::curl {
namespace {

using Failure = Response::Failure;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Failure, TellsCertificateErrorsApart) {
  const auto text_of = [](long result) {
    const Cause cause = cause_of({.code = CURLE_PEER_FAILED_VERIFICATION, .verify_result = result});
    EXPECT_EQ(cause.failure, Failure::kTls);
    return std::string{cause.text};
  };
  // OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED and so on.
  const std::map<long, std::string> words = {
      {10, "has expired"},
      {9, "not valid yet"},
      {18, "self-signed"},
      {19, "root"},
      {2, "intermediate certificate"},
      {20, "intermediate certificate"},
      {21, "intermediate certificate"},
      {23, "revoked"},
      {1, "another host name"},
      {62, "another host name"},
      {64, "another host name"},
      {7, "The TLS certificate is not valid."}};
  for (const auto& [result, part] : words) EXPECT_THAT(text_of(result), HasSubstr(part)) << result;
}

TEST(Failure, TellsTheStepThatATimeoutEndedApart) {
  FailedTransfer failed{.code = CURLE_OPERATION_TIMEDOUT};
  const auto text = [&] {
    const Cause cause = cause_of(failed);
    EXPECT_EQ(cause.failure, Failure::kTimeout);
    return std::string{cause.text};
  };
  EXPECT_THAT(text(), HasSubstr("not resolved"));
  failed.was_resolved = true;
  EXPECT_THAT(text(), HasSubstr("connection was not established"));
  failed.was_connected = true;
  EXPECT_THAT(text(), HasSubstr("TLS handshake"));
  failed.was_sent = true;
  EXPECT_THAT(text(), HasSubstr("sent no response"));
  failed.was_answered = true;
  EXPECT_THAT(text(), HasSubstr("did not finish it"));
}

TEST(Failure, TellsFailedConnectionAttemptsApart) {
  std::set<std::string> texts;
  for (const int error : {ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT, ECONNRESET, EPERM}) {
    const Cause cause = cause_of({.code = CURLE_COULDNT_CONNECT, .os_error = error});
    EXPECT_EQ(cause.failure, Failure::kConnect);
    texts.emplace(cause.text);
  }
  EXPECT_EQ(texts.size(), 6U);
}

TEST(Failure, TellsAClosedConnectionFromOneThatWasReset) {
  const Cause closed = cause_of({.code = CURLE_GOT_NOTHING, .detail = "Empty reply from server"});
  EXPECT_THAT(closed.text, StartsWith("The receiver closed"));
  const Cause reset =
      cause_of({.code = CURLE_RECV_ERROR, .detail = "Recv failure: Connection reset by peer"});
  EXPECT_THAT(reset.text, StartsWith("The receiver reset"));
}

TEST(Failure, TakesALongLookUpForASilentNameServer) {
  const auto text_after = [](Millis duration) {
    return std::string{cause_of({.code = CURLE_COULDNT_RESOLVE_HOST, .duration = duration}).text};
  };
  EXPECT_THAT(text_after(Millis{20}), HasSubstr("does not exist"));
  EXPECT_THAT(text_after(Millis{5'000}), HasSubstr("does not answer"));
}

TEST(Failure, IsASentenceThatNamesNoAddressWhateverHappened) {
  for (int code = CURLE_UNSUPPORTED_PROTOCOL; code < CURL_LAST; ++code) {
    const Cause cause = cause_of(
        {.code = static_cast<CURLcode>(code), .detail = "Failed to connect to 10.1.2.3 port 5"}
    );
    EXPECT_NE(cause.failure, Failure::kNone) << code;
    EXPECT_THAT(cause.text, StartsWith("The ")) << code;
    EXPECT_THAT(cause.text, EndsWith(".")) << code;
    EXPECT_EQ(cause.text.find("10.1"), std::string_view::npos) << code;
  }
}

}  // namespace
}  // namespace postrider::curl
