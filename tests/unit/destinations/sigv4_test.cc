#include "destinations/sigv4.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postrider::destinations {
namespace {

using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr WallTime kNow = from_unix_ms(1767225600LL * 1000 + 999);
constexpr std::string_view kBody = R"({"type":"invoice.paid","timestamp":"2026-01-01T00:00:00Z",)"
                                   R"("data":{"id":"in_1","amount":4200}})";
constexpr std::string_view kBodyHash =
    "48868d010524e95b07b93463a592dbac0a1e5a00370feffc20787fbd788c81aa";
constexpr std::string_view kLambdaUrl = "https://abcdefg1234567.lambda-url.us-east-1.on.aws";

const AwsCredentials kCredentials = {
    .access_key_id = "AKIDEXAMPLE",
    .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    .session_token = {}};

std::vector<std::pair<std::string, std::string>> headers_for(
    std::string_view url,
    const AwsCredentials& credentials = kCredentials,
    std::string_view content_type = "application/json"
) {
  return sigv4_headers(
      credentials,
      {.region = "us-east-1",
       .service = "lambda",
       .url = url,
       .content_type = content_type,
       .body = kBody},
      kNow
  );
}

std::string signature_for(
    std::string_view url, std::string_view content_type = "application/json"
) {
  const std::string value = headers_for(url, kCredentials, content_type).back().second;
  return value.substr(value.rfind('=') + 1);
}

std::string lambda_signature(std::string_view path_and_query) {
  return signature_for(std::string{kLambdaUrl} + std::string{path_and_query});
}

// The three vectors of the AWS SDK's signer.
TEST(Sigv4, SignsAsTheAwsSdkDoes) {
  EXPECT_THAT(
      headers_for(std::string{kLambdaUrl} + "/"),
      UnorderedElementsAre(
          Pair("x-amz-date", "20260101T000000Z"),
          Pair("x-amz-content-sha256", kBodyHash),
          Pair(
              "authorization",
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/lambda/aws4_request, "
              "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, "
              "Signature=aad4947a7a8c41d07037a554a54789c249aedfcb2f96a994c84a1f89a717e890"
          )
      )
  );
}

TEST(Sigv4, SignsPathAndQueryAsTheAwsSdkDoes) {
  EXPECT_EQ(
      lambda_signature("/my%20hook/a?b=2&a=1%2F2"),
      "c5a362ab2abb935778c744e458177f6fbeb7e85e6aca5d7b9437a3486abce6ba"
  );
}

TEST(Sigv4, SignsTheSessionTokenAsTheAwsSdkDoes) {
  AwsCredentials credentials = kCredentials;
  credentials.session_token = "FwoGZXIvYXdzEXAMPLE//token+1==";
  EXPECT_THAT(
      headers_for(std::string{kLambdaUrl} + "/", credentials),
      UnorderedElementsAre(
          Pair("x-amz-date", "20260101T000000Z"),
          Pair("x-amz-content-sha256", kBodyHash),
          Pair("x-amz-security-token", "FwoGZXIvYXdzEXAMPLE//token+1=="),
          Pair(
              "authorization",
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/lambda/aws4_request, "
              "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;"
              "x-amz-security-token, "
              "Signature=a112de3f668fafa1f5d7169d507c71ea3621da9584bd7cdc851bb67cbdad4709"
          )
      )
  );
}

struct Vector {
  std::string_view path_and_query;
  std::string_view signature;
};

// What @smithy/signature-v4 5 (the AWS SDK's signer) and aws4 1.13 sign of such a request as it
// arrives; two that aws4 rewrites are of the first alone.
TEST(Sigv4, SignsPathsAsTheyGoOut) {
  for (const auto& [path, signature] : std::vector<Vector>{
           {"/my%2fhook/%41%7e/%2e%2e/%c3%a9",
            "9168e9357eb0f54e7a498e7c3b2e25985d0b77ab1e1da8f74f94704d9b788486"},
           {"/a!$&'()*+,;=:@b/",
            "050bf8f48d5395acd20a459c52e701b91542b65f03234ec3b5f8fd4085b51ed5"},
           {"//a///b//", "8f890a2df04072a491b220f11e2027785da2fc7aaea6d1d69a16a1bd0a24487d"},
           {R"(/a|b"c<d>^`{}[]\%)",
            "36053c40ebca4c442224e0d72f2d5295da1366add7c48f6338b67ea5d44aec8c"},
       }) {
    EXPECT_EQ(lambda_signature(path), signature) << path;
  }
}

TEST(Sigv4, SignsQueriesSortedAndInOneSpelling) {
  for (const auto& [query, signature] : std::vector<Vector>{
           {"/?q=a+b%2B%20c", "d8200f592dcdf6dd9ae182a9624b65667cf8a2e4454a80d62128d267b9643bdb"},
           {"/?flag&x=&y", "9207d934d1e1c09f50e22e583a6f24a459ad5a4a04b9c0ca2960d62c7f4d66f9"},
           {"/?a=2&a=10&a=1&A=1",
            "68a9ed2060a5a04e96f50cc251a8bd3342d9cacb490b09e08a355e9f740578ac"},
           {"/?a-=1&a=1&a.=1", "ef76af4cecf09a6794012cf1e8d6eb4c1024a15adbb71093b06b16df481b9231"},
           {"/?%61%2f=%2f%7e%c3%a9",
            "088c022fa3cdd21ee82b262eb0cd491ebe5aa6a72b33830bba9234eeb5839ad1"},
           {"/?a=b=c&&=v?/", "7a88399462cdecc457d2fc30be1efd39cfb1ce0be5314548bbc5963121607ebf"},
           {"/?!*'()=;:@,", "bfdd883598adc29c843b9e8d68bb369864b64250167da86d75381c4ea2bdcbb7"},
           {"/?50%=%zz", "7a67be52da32440b6fa4899ed48a61d536ae02d2278e2055a1401da608015e6a"},
       }) {
    EXPECT_EQ(lambda_signature(query), signature) << query;
  }
}

TEST(Sigv4, SignsHostAndContentTypeAsTheyGoOut) {
  EXPECT_EQ(
      signature_for("https://Example.COM:8443/"),
      "640fee886d0cb91fc20e63a098b6e8d636b5efb9100f485a6dcd08139a27b177"
  );
  EXPECT_EQ(
      signature_for("http://[::1]:8080"),
      "0d32237d5eb29606db9f168f44489691723cc248e9bce80f0a492d5b4b284c15"
  );
  EXPECT_EQ(
      signature_for(std::string{kLambdaUrl} + "/", "application/cloudevents+json;  charset=utf-8"),
      "cf9f6135bbdf5c61d5a9760b046c769bf93f8fd4c124c16cccef69cdf28a20ea"
  );
}

/// Two URLs. The first is what is configured, the second shows what libcurl 7.88 was seen to send
/// for it.
struct Wire {
  std::string_view url;
  std::string_view sent;
};

TEST(Sigv4, SignsTheRequestThatLibcurlMakesOfTheUrl) {
  for (const auto& [url, sent] : std::vector<Wire>{
           {"https://h", "https://h/"},
           {"https://h:443/", "https://h/"},
           {"https://h:/", "https://h/"},
           {"HTTPS://h:0443", "https://h/"},
           {"http://h:80?x=1", "http://h/?x=1"},
           {"http://h:08080/", "http://h:8080/"},
           {"http://[::1]:80/", "http://[::1]/"},
           {"http://h/a/../b", "http://h/b"},
           {"http://h/a//../b", "http://h/a/b"},
           {"http://h/a/b/..?q", "http://h/a/?q"},
           {"http://h/a/.", "http://h/a/"},
           {"http://h/../..", "http://h/"},
           {"http://h/..//x", "http://h//x"},
           {"http://h/?", "http://h/"},
       }) {
    EXPECT_EQ(signature_for(url), signature_for(sent)) << url;
  }
}

TEST(Sigv4, KeepsApartWhatLibcurlSendsAsItIs) {
  for (const auto& [url, other] : std::vector<Wire>{
           {"https://H/", "https://h/"},
           {"https://h./", "https://h/"},
           {"https://h:80/", "https://h/"},
           {"http://h:443/", "http://h/"},
           {"http://h/a", "http://h/a/"},
           {"http://h/%2e%2e/b", "http://h/b"},
           {"http://h/a%2fb", "http://h/a%2Fb"},
           {"http://h/...", "http://h/"},
           {"http://h/?/a/../b", "http://h/?/b"},
       }) {
    EXPECT_NE(signature_for(url), signature_for(other)) << url;
  }
}

TEST(LambdaRegion, IsInTheHostOfAFunctionUrl) {
  EXPECT_EQ(lambda_region_of(kLambdaUrl), "us-east-1");
  EXPECT_EQ(lambda_region_of("HTTPS://Abc.Lambda-URL.EU-central-1.ON.AWS:443/a?b"), "eu-central-1");
  EXPECT_EQ(lambda_region_of("https://abc.lambda-url.us-gov-west-1.on.aws?x"), "us-gov-west-1");
}

TEST(LambdaRegion, IsUnknownForOtherHosts) {
  for (const std::string_view url :
       {"",
        "https://",
        "https://example.com/abc.lambda-url.us-east-1.on.aws",
        "https://example.com?abc.lambda-url.us-east-1.on.aws",
        "https://abc.lambda-url.us-east-1.on.aws.example.com/",
        "https://.lambda-url.us-east-1.on.aws/",
        "https://lambda-url.us-east-1.on.aws/",
        "https://a.b.lambda-url.us-east-1.on.aws/",
        "https://abc.lambda-url..on.aws/",
        "https://abc.lambda-url.on.aws/",
        "https://abc.lambda-url.us-east-1.x.on.aws/",
        "https://abc.lambda-url.us_east_1.on.aws/",
        "https://abc.lambda-url.us-east-1.on.awsx/"}) {
    EXPECT_EQ(lambda_region_of(url), std::nullopt) << url;
  }
}

}  // namespace
}  // namespace postrider::destinations
