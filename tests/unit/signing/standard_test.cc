#include "signing/standard.h"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "crypto/encoding.h"

namespace postrider::signing {
namespace {

constexpr std::string_view kSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
constexpr std::string_view kSecretNew = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::string_view kId = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W";
constexpr std::int64_t kTimestamp = 1767225600;
constexpr WallTime kNow = from_unix_ms(kTimestamp * 1000);
constexpr std::string_view kBody = R"({"type":"invoice.paid","timestamp":"2026-01-01T00:00:00Z",)"
                                   R"("data":{"id":"in_1","amount":4200}})";
constexpr std::string_view kSignature = "v1,rYqopfX4R2slYXoZb0Lx6yOQ31XFVtjxUN9RcZ45FOs=";
constexpr std::string_view kSignatureNew = "v1,tNalVUAy2Qfh1iz3kOIzxov/AERy+rDYr8MsmGtoIpE=";

std::string signature(
    std::vector<std::string_view> secrets,
    std::string_view id,
    std::int64_t timestamp_s,
    std::string_view body
) {
  const Headers headers = standard().sign(secrets, {id, timestamp_s, body}, {}).value().headers;
  return *find_header(headers, "webhook-signature");
}

Headers headers_with(std::string signatures) {
  return {
      {"Webhook-Id", std::string{kId}},
      {"WEBHOOK-TIMESTAMP", std::to_string(kTimestamp)},
      {"webhook-signature", std::move(signatures)}};
}

Status verify(const Headers& headers, std::string_view body = kBody, WallTime now = kNow) {
  return standard().verify(kSecret, {.headers = headers, .body = body, .now = now}, {});
}

std::string secret_of(std::size_t bytes) {
  return "whsec_" + crypto::base64_encode(std::string(bytes, 'k'));
}

TEST(StandardScheme, SignsThePublishedVectors) {
  EXPECT_EQ(signature({kSecret}, kId, kTimestamp, kBody), kSignature);
  EXPECT_EQ(
      signature(
          {kSecret},
          "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
          1649367553,
          R"({"email":"test@example.com","username":"test_user"})"
      ),
      "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="
  );
  EXPECT_EQ(
      signature(
          {kSecretNew}, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})"
      ),
      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
  );
}

TEST(StandardScheme, SendsTheThreeHeadersOfTheSpecification) {
  const std::array secrets = {kSecret};
  const Headers expected = {
      {"webhook-id", std::string{kId}},
      {"webhook-timestamp", "1767225600"},
      {"webhook-signature", std::string{kSignature}}};
  EXPECT_EQ(standard().sign(secrets, {kId, kTimestamp, kBody}, {}).value().headers, expected);
}

TEST(StandardScheme, SignsWithBothSecretsDuringARotationNewestFirst) {
  EXPECT_EQ(
      signature({kSecretNew, kSecret}, kId, kTimestamp, kBody),
      std::string{kSignatureNew} + " " + std::string{kSignature}
  );
}

TEST(StandardScheme, VerifiesWithEitherSecretDuringARotation) {
  const std::array secrets = {kSecretNew, kSecret};
  const Headers headers = standard().sign(secrets, {kId, kTimestamp, kBody}, {}).value().headers;
  for (const std::string_view secret : secrets) {
    EXPECT_TRUE(standard().verify(secret, {.headers = headers, .body = kBody, .now = kNow}, {}));
  }
  EXPECT_FALSE(
      standard().verify(secret_of(24), {.headers = headers, .body = kBody, .now = kNow}, {})
  );
}

TEST(StandardScheme, SignsBodiesOfAnyBytes) {
  const std::string body("\0\xff\n", 3);
  EXPECT_TRUE(verify(headers_with(signature({kSecret}, kId, kTimestamp, body)), body));
  EXPECT_TRUE(verify(headers_with(signature({kSecret}, kId, kTimestamp, "")), ""));
}

TEST(StandardScheme, RefusesEveryFlippedByte) {
  const Headers headers = headers_with(std::string{kSignature});
  ASSERT_TRUE(verify(headers));
  for (std::size_t i = 0; i < kBody.size(); ++i) {
    std::string body{kBody};
    body[i] = static_cast<char>(body[i] ^ 1);
    EXPECT_FALSE(verify(headers, body)) << i;
  }
  for (std::size_t i = 0; i < kSignature.size(); ++i) {
    std::string signatures{kSignature};
    signatures[i] = static_cast<char>(signatures[i] ^ 1);
    EXPECT_FALSE(verify(headers_with(signatures))) << i;
  }
}

TEST(StandardScheme, RefusesAnotherIdOrTimestamp) {
  for (std::size_t i = 0; i < 2; ++i) {
    Headers headers = headers_with(std::string{kSignature});
    headers[i].second.back() = '1';
    EXPECT_FALSE(verify(headers)) << headers[i].first;
  }
}

TEST(StandardScheme, RefusesTimestampsOutsideOfTheToleranceBothWays) {
  const Headers headers = headers_with(std::string{kSignature});
  EXPECT_TRUE(verify(headers, kBody, kNow + Millis{300'000}));
  EXPECT_TRUE(verify(headers, kBody, kNow - Millis{300'000}));
  EXPECT_FALSE(verify(headers, kBody, kNow + Millis{300'001}));
  EXPECT_FALSE(verify(headers, kBody, kNow - Millis{300'001}));
  EXPECT_FALSE(standard().verify(
      kSecret,
      {.headers = headers, .body = kBody, .now = kNow + Millis{2}, .tolerance = Millis{1}},
      {}
  ));
}

TEST(StandardScheme, RefusesATimestampThatIsNoPlainNumber) {
  for (const char* timestamp :
       {"",
        " ",
        "soon",
        "-1",
        "+1767225600",
        "1767225600.0",
        "1767225600 ",
        "99999999999999999999",
        "9223372036854775807"}) {
    Headers headers = headers_with(std::string{kSignature});
    headers[1].second = timestamp;
    const Status verified = verify(headers);
    ASSERT_FALSE(verified) << timestamp;
    EXPECT_EQ(verified.error().context, "webhook-timestamp is not a number of Unix seconds");
  }
}

TEST(StandardScheme, RefusesARequestThatLacksAHeader) {
  for (std::ptrdiff_t i = 0; i < 3; ++i) {
    Headers headers = headers_with(std::string{kSignature});
    headers.erase(headers.begin() + i);
    EXPECT_FALSE(verify(headers)) << i;
  }
  EXPECT_FALSE(verify({}));
}

TEST(StandardScheme, FindsItsSignatureAmongJunk) {
  const std::string good{kSignature};
  for (const std::string& list :
       {"v1a,AAAA " + good,
        good + " ",
        "  " + good,
        "v1 v1, , v1,v1, =" + std::string(" ") + good + " more",
        std::string{kSignatureNew} + " " + good}) {
    EXPECT_TRUE(verify(headers_with(list))) << list;
  }
}

TEST(StandardScheme, RefusesListsWithoutItsSignature) {
  const std::string good{kSignature};
  for (const std::string& list :
       {std::string{},
        std::string{" "},
        std::string{"v1,"},
        good.substr(0, good.size() - 1),
        good + "=",
        good.substr(3),
        "v1a" + good.substr(2),
        "V1" + good.substr(2),
        good + "," + good,
        std::string{kSignatureNew}}) {
    EXPECT_FALSE(verify(headers_with(list))) << list;
  }
}

TEST(StandardScheme, TakesSecretsOf24To64Bytes) {
  for (const std::size_t bytes : {24U, 32U, 63U, 64U}) {
    EXPECT_TRUE(standard().check_secret(secret_of(bytes))) << bytes;
  }
}

TEST(StandardScheme, RefusesWrongSecretsWithoutEchoingThem) {
  const std::string good = secret_of(32);
  for (const std::string& secret :
       {std::string{},
        std::string{"whsec_"},
        good.substr(6),
        "WHSEC_" + good.substr(6),
        "whsk_" + good.substr(6),
        " " + good,
        good + " ",
        good.substr(0, good.size() - 1),
        secret_of(23),
        secret_of(65),
        std::string{"whsec_not base64 at all, but quite long!"}}) {
    const Status checked = standard().check_secret(secret);
    ASSERT_FALSE(checked) << secret;
    EXPECT_EQ(checked.error().code, Errc::kInvalidArgument);
    EXPECT_EQ(checked.error().context.find(good.substr(6)), std::string::npos);
    EXPECT_FALSE(standard().verify(secret, {.headers = {}, .body = kBody, .now = kNow}, {}));
  }
}

TEST(StandardScheme, GeneratesSecretsThatItTakes) {
  const std::string secret = standard().generate_secret();
  EXPECT_TRUE(standard().check_secret(secret));
  EXPECT_EQ(crypto::base64_decode(secret.substr(6)).value().size(), 32U);
  EXPECT_NE(secret, standard().generate_secret());
}

}  // namespace
}  // namespace postrider::signing
