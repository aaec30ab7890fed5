// How an endpoint says how its requests are signed.
#include "tests/support/api_fixture.h"

namespace postrider::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class SignatureApi : public ApiTest {
 protected:
  http::HttpResponse create(const std::string& signature, const std::string& more = {}) {
    return request(
        "POST",
        "/v1/endpoints",
        R"({"url":"https://a.example","signature":)" + signature + more + "}"
    );
  }
  http::HttpResponse patch(const std::string& id, const std::string& signature) {
    return request("PATCH", "/v1/endpoints/" + id, R"({"signature":)" + signature + "}");
  }
  http::HttpResponse rotate(const std::string& id, std::string body = {}) {
    return request("POST", "/v1/endpoints/" + id + "/secret/rotate", std::move(body));
  }
};

TEST_F(SignatureApi, ShowsTheSchemeWithWhatWasLeftOut) {
  const auto created = create(R"({"scheme":"hmac","prefix":"sha512=","algorithm":"sha512"})");
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(
      parsed(created)["signature"],
      nlohmann::json(
          {{"scheme", "hmac"},
           {"header", "X-Signature"},
           {"algorithm", "sha512"},
           {"encoding", "hex"},
           {"prefix", "sha512="}}
      )
  );
  EXPECT_TRUE(parsed(created)["public_key"].is_null());
}

TEST_F(SignatureApi, MakesASecretInTheFormOfTheScheme) {
  EXPECT_THAT(parsed(create(R"({"scheme":"stripe"})")).value("secret", ""), HasSubstr("whsec_"));
  EXPECT_THAT(
      parsed(create(R"({"scheme":"discord"})")).value("secret", ""), MatchesRegex("[0-9a-f]{64}")
  );
  EXPECT_THAT(
      parsed(create(R"({"scheme":"sendgrid"})")).value("secret", ""), HasSubstr("PRIVATE KEY")
  );
}

TEST_F(SignatureApi, ShowsThePublicKeyInEveryAnswer) {
  const auto created = parsed(create(
      R"({"scheme":"discord"})",
      R"(,"secret":"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")"
  ));
  const std::string key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
  const std::string id = created.value("id", "");
  EXPECT_EQ(created["public_key"], key);
  EXPECT_EQ(parsed(request("GET", "/v1/endpoints/" + id))["public_key"], key);
  EXPECT_EQ(parsed(request("GET", "/v1/endpoints"))["data"][0]["public_key"], key);
  const auto rotated = parsed(rotate(id));
  EXPECT_NE(rotated["public_key"], key);
  EXPECT_EQ(rotated["previous"][0]["public_key"], key);
}

TEST_F(SignatureApi, NamesTheMemberThatIsWrong) {
  expect_invalid(create(R"({"scheme":"rot13"})"), "/signature/scheme");
  expect_invalid(create(R"({"scheme":1})"), "/signature/scheme");
  expect_invalid(create(R"("github")"), "/signature");
  expect_invalid(create(R"({"scheme":"shopify"})"), "/signature/shop_domain");
  expect_invalid(create(R"({"scheme":"github","sha256":true})"), "/signature/sha256");
  expect_invalid(create(R"({"scheme":"hmac","algorithm":["sha1"]})"), "/signature/algorithm");
  expect_invalid(
      create(R"({"scheme":"paypal","webhook_id":"w","cert_url":"ftp://x"})"), "/signature/cert_url"
  );
  EXPECT_TRUE(parsed(request("GET", "/v1/endpoints"))["data"].empty());
}

TEST_F(SignatureApi, NamesASecretThatIsNotOfTheScheme) {
  const std::string wrong = R"(,"secret":"It's a Secret to Everybody")";
  EXPECT_EQ(create(R"({"scheme":"github"})", wrong).status, 201);
  for (const char* scheme : {"standard", "standard-v1a", "sendgrid", "discord"}) {
    const auto refused = create(R"({"scheme":")" + std::string{scheme} + "\"}", wrong);
    expect_invalid(refused, "/secret");
    EXPECT_THAT(refused.body, ::testing::Not(HasSubstr("Everybody")));
  }
}

TEST_F(SignatureApi, RefusesASecretThatIsTooLong) {
  const std::string secret(8193, 'x');
  expect_invalid(create(R"({"scheme":"none"})", R"(,"secret":")" + secret + "\""), "/secret");
}

TEST_F(SignatureApi, RefusesHeadersThatTheSchemeSendsItself) {
  const std::string hmac = R"({"scheme":"hmac","header":"X-Own"})";
  expect_invalid(create(hmac, R"(,"headers":{"x-own":"a"})"), "/headers/x-own");
  const auto created = create(hmac, R"(,"headers":{"x-other":"a"})");
  ASSERT_EQ(created.status, 201) << created.body;
  const std::string id = parsed(created)["id"];
  expect_invalid(patch(id, R"({"header":"X-Other"})"), "/headers/x-other");
  EXPECT_EQ(patch(id, R"({"scheme":"github"})").status, 200);
}

TEST_F(SignatureApi, SaysOnceWhatIsWrong) {
  const auto answer = create(R"({"scheme":"shopify","shop_domain":1})");
  expect_invalid(answer, "/signature/shop_domain");
  EXPECT_EQ(parsed(answer)["errors"].size(), 1U);
}

TEST_F(SignatureApi, ASchemeThatSignsNothingTakesAnySecret) {
  const std::string id = parsed(create(R"({"scheme":"sendgrid"})"))["id"];
  EXPECT_EQ(patch(id, R"({"scheme":"none"})").status, 200);
}

TEST_F(SignatureApi, APatchOfAnotherSchemeReplacesTheMembers) {
  const std::string id = parsed(create(R"({"scheme":"shopify","shop_domain":"a.example"})"))["id"];
  const auto kept = parsed(patch(id, R"({"api_version":"2026-01"})"))["signature"];
  EXPECT_EQ(kept["shop_domain"], "a.example");
  EXPECT_EQ(kept["api_version"], "2026-01");
  const auto changed = patch(id, R"({"scheme":"github","sha1":true})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(parsed(changed)["signature"], nlohmann::json({{"scheme", "github"}, {"sha1", true}}));
  expect_invalid(patch(id, R"({"scheme":"shopify"})"), "/signature/shop_domain");
}

TEST_F(SignatureApi, APatchOfASchemeThatTheSecretsDoNotFitIsRefused) {
  const std::string id = parsed(create(R"({"scheme":"standard"})"))["id"];
  const auto refused = patch(id, R"({"scheme":"sendgrid"})");
  expect_invalid(refused, "/signature/scheme");
  EXPECT_THAT(refused.body, HasSubstr("create another endpoint"));
  EXPECT_EQ(patch(id, R"({"scheme":"svix"})").status, 200);
  EXPECT_EQ(rotate(id, R"({"secret":"short"})").status, 422);
  // One that was replaced may sign until it expires, so it has to fit, too.
  EXPECT_EQ(patch(id, R"({"scheme":"slack"})").status, 200);
  EXPECT_EQ(rotate(id, R"({"secret":"any text"})").status, 200);
  expect_invalid(patch(id, R"({"scheme":"standard"})"), "/signature/scheme");
}

}  // namespace
}  // namespace postrider::testing
