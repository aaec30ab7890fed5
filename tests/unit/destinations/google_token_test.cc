#include "destinations/google_token.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/encoding.h"
#include "crypto/keys.h"

namespace postrider::destinations {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::int64_t kNowS = 1767225600;
constexpr WallTime kNow = from_unix_ms(kNowS * 1000);
constexpr std::string_view kTokenUrl = "https://oauth2.googleapis.com/token";
constexpr std::string_view kAudience = "https://europe-west1-my-project.cloudfunctions.net/hook";

/// What jose verified, up to the signature: its key is not known here.
constexpr std::string_view kSignedForm =
    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=eyJhbGciOiJSU"
    "zI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImFiYzEyMyJ9.eyJpc3MiOiJob29rc0BteS1wcm9qZWN0LmlhbS5nc2Vy"
    "dmljZWFjY291bnQuY29tIiwic3ViIjoiaG9va3NAbXktcHJvamVjdC5pYW0uZ3NlcnZpY2VhY2NvdW50LmNvbSIs"
    "ImF1ZCI6Imh0dHBzOi8vb2F1dGgyLmdvb2dsZWFwaXMuY29tL3Rva2VuIiwidGFyZ2V0X2F1ZGllbmNlIjoiaHR0"
    "cHM6Ly9ldXJvcGUtd2VzdDEtbXktcHJvamVjdC5jbG91ZGZ1bmN0aW9ucy5uZXQvaG9vayIsImlhdCI6MTc2NzIy"
    "NTYwMCwiZXhwIjoxNzY3MjI5MjAwfQ";

/// Made once: it takes some tenths of a second.
const crypto::PrivateKey& key() {
  static const crypto::PrivateKey kKey = crypto::PrivateKey::generate(crypto::KeyKind::kRsa);
  return kKey;
}

ServiceAccount make_account() {
  return {
      .client_email = "hooks@my-project.iam.gserviceaccount.com",
      .private_key = key().pem(),
      .private_key_id = "abc123",
      .token_uri = std::string{kTokenUrl}};
}

/// A token with those claims; nobody looks at its signature.
std::string token_with(std::string_view claims) {
  return crypto::base64url_encode(R"({"alg":"RS256"})") + '.' + crypto::base64url_encode(claims) +
         ".c2lnbmF0dXJl";
}

Result<IdToken> parse_token(const std::string& token) {
  return parse_token_answer(R"({"id_token":")" + token + R"("})", kNow);
}

TEST(TokenRequest, AsksAsThoseThatWereVerified) {
  const auto form = token_request_body(make_account(), kAudience, kTokenUrl, kNow + Millis{999});
  ASSERT_TRUE(form);
  EXPECT_EQ(form->substr(0, form->rfind('.')), kSignedForm);
}

TEST(TokenRequest, IsSignedWithTheKeyOfTheAccount) {
  const std::string form = token_request_body(make_account(), kAudience, kTokenUrl, kNow).value();
  const std::string assertion = form.substr(form.find("assertion=") + 10);
  const std::size_t dot = assertion.rfind('.');
  const auto signature = crypto::base64url_decode(assertion.substr(dot + 1));
  ASSERT_TRUE(signature);
  EXPECT_TRUE(key().public_key().verify(assertion.substr(0, dot), *signature));
}

TEST(TokenRequest, NamesNoKeyThatHasNoName) {
  ServiceAccount account = make_account();
  account.private_key_id.clear();
  EXPECT_THAT(
      token_request_body(account, kAudience, kTokenUrl, kNow).value(),
      HasSubstr("assertion=" + crypto::base64url_encode(R"({"alg":"RS256","typ":"JWT"})") + '.')
  );
}

TEST(TokenRequest, TakesAnyTextForAnAudience) {
  const auto form = token_request_body(make_account(), "\"\\\n\xff", kTokenUrl, kNow);
  ASSERT_TRUE(form);
  const std::size_t begin = form->find('.') + 1;
  const auto claims = crypto::base64url_decode(form->substr(begin, form->rfind('.') - begin));
  ASSERT_TRUE(claims);
  EXPECT_THAT(*claims, HasSubstr("\"target_audience\":\"\\\"\\\\\\n\xef\xbf\xbd\""));
}

TEST(ServiceAccount, MustHaveAnAddressAndAKeyThatSigns) {
  EXPECT_TRUE(check_service_account(make_account()));
  ServiceAccount nameless = make_account();
  nameless.client_email.clear();
  EXPECT_FALSE(check_service_account(nameless));
  const std::string other = crypto::PrivateKey::generate(crypto::KeyKind::kP256).pem();
  for (const std::string& pem : {std::string{}, std::string{"secret-words"}, other}) {
    ServiceAccount keyless = make_account();
    keyless.private_key = pem;
    const auto refused = check_service_account(keyless);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
    EXPECT_THAT(
        refused.error().context, AllOf(HasSubstr("private_key"), Not(HasSubstr("secret-words")))
    );
    EXPECT_FALSE(token_request_body(keyless, kAudience, kTokenUrl, kNow));
  }
}

TEST(TokenAnswer, ExpiresWhenTheTokenSaysSo) {
  const std::string token = token_with(R"({"aud":"x","exp":1767225900,"iat":1767225600})");
  const auto parsed = parse_token(token);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->value, token);
  EXPECT_EQ(parsed->expires_at, kNow + seconds{300});
  EXPECT_EQ(parse_token(token_with(R"({"exp":1767225900.5})"))->expires_at, kNow + Millis{300'500});
}

TEST(TokenAnswer, ExpiresInAnHourAtMost) {
  for (const char* exp : {"1767229200", "1767229201", "1e300", "1.7e308", "18446744073709551615"}) {
    const auto parsed = parse_token(token_with(std::string{R"({"exp":)"} + exp + "}"));
    ASSERT_TRUE(parsed) << exp;
    EXPECT_EQ(parsed->expires_at, kNow + hours{1}) << exp;
  }
}

TEST(TokenAnswer, IsRefusedWithoutATokenThatCanBeUsed) {
  const std::string good = token_with(R"({"exp":1767225900})");
  for (const std::string& body :
       {std::string{},
        std::string{"null"},
        std::string{"[]"},
        std::string{"{}"},
        std::string{"{"},
        std::string{R"({"id_token":7})"},
        std::string{R"({"access_token":")"} + good + R"("})",
        std::string{R"({"id_token":""})"},
        std::string{R"({"id_token":"eyJabc"})"},
        std::string{R"({"id_token":"eyJabc.eyJabc"})"},
        R"({"id_token":")" + good + R"(\r\nx-a: b"})",
        R"({"id_token":")" + good + std::string(5000, 'A') + R"("})"}) {
    const auto refused = parse_token_answer(body, kNow);
    ASSERT_FALSE(refused) << body;
    EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
    EXPECT_THAT(refused.error().context, Not(HasSubstr("eyJ"))) << body;
  }
}

TEST(TokenAnswer, IsRefusedWhenItDoesNotSayThatItIsGoodNow) {
  for (const char* claims :
       {"",
        "[]",
        "{}",
        R"({"exp":"1767225900"})",
        R"({"exp":null})",
        R"({"exp":1767225600})",
        R"({"exp":0})",
        R"({"exp":-1e300})",
        R"({"exp":1e400})"}) {
    EXPECT_FALSE(parse_token(token_with(claims))) << claims;
  }
}

TEST(TokenError, SaysWhatGoogleSays) {
  EXPECT_EQ(
      token_error_of(R"({"error":"invalid_grant","error_description":"Invalid JWT Signature."})"),
      "invalid_grant: Invalid JWT Signature."
  );
  EXPECT_EQ(token_error_of(R"({"error":"invalid_client"})"), "invalid_client");
  EXPECT_EQ(
      token_error_of(R"({"error":"invalid_client","error_description":""})"), "invalid_client"
  );
}

TEST(TokenError, IsEmptyForAnyOtherAnswer) {
  for (const char* body :
       {"", "<html>", "[]", "{}", R"({"error":{"code":403}})", R"({"error_description":"x"})"})
    EXPECT_EQ(token_error_of(body), "") << body;
}

TEST(TokenError, IsShortAndPlain) {
  std::string many;
  for (int i = 0; i < 500; ++i) many += "word ";
  EXPECT_THAT(
      token_error_of(R"({"error":")" + many + R"(","error_description":")" + many + R"("})"),
      SizeIs(320)
  );
  EXPECT_EQ(token_error_of(R"({"error":"a\r\nb\u00e9"})"), "a??b??");
}

TEST(TokenError, LeavesOutWhatMightBeAKeyOrAToken) {
  const std::string form = token_request_body(make_account(), kAudience, kTokenUrl, kNow).value();
  EXPECT_EQ(
      token_error_of(R"({"error":"bad","error_description":"got )" + form + R"( from you"})"),
      "bad: got [...] from you"
  );
}

}  // namespace
}  // namespace postrider::destinations
