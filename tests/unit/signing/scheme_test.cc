// Every scheme against what the providers' own libraries accept.
#include "signing/scheme.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/encoding.h"
#include "crypto/keys.h"

namespace postrider::signing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t kTimestamp = 1767225600;
constexpr WallTime kNow = from_unix_ms(kTimestamp * 1000);
constexpr std::string_view kBody = R"({"type":"invoice.paid","timestamp":"2026-01-01T00:00:00Z",)"
                                   R"("data":{"id":"in_1","amount":4200}})";

/// A request that the provider's library was seen to accept.
struct Vector {
  std::string scheme;
  std::string secret{};      ///< empty: only known to the provider
  std::string public_key{};  ///< of key pairs
  Headers headers;           ///< those that prove who sent it
  Headers also;              ///< those that its receivers look at besides
  SignatureMembers members{};
  bool has_timestamp = false;
  bool takes_future = false;
  bool repeats = true;  ///< the same message is signed by the same bytes
};

std::ostream& operator<<(std::ostream& out, const Vector& vector) { return out << vector.scheme; }

const std::vector<Vector>& vectors() {
  static const std::vector<Vector> kVectors = {
      {.scheme = "standard",
       .secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
       .headers =
           {{"webhook-id", "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"},
            {"webhook-timestamp", "1767225600"},
            {"webhook-signature", "v1,rYqopfX4R2slYXoZb0Lx6yOQ31XFVtjxUN9RcZ45FOs="}},
       .also = {},
       .has_timestamp = true},
      {.scheme = "standard-v1a",
       .secret =
           "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicM"
           "Fs6Kvg==",
       .public_key = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=",
       .headers =
           {{"webhook-id", "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"},
            {"webhook-timestamp", "1767225600"},
            {"webhook-signature",
             "v1a,mPia721nnUAHq9dHaMRA/"
             "gSQNH3OLyU4dJubQrdjwOgmCpgx5Zsq22GmV43iO8EtZv2RxAbPvXgHLgYooQiJD"
             "Q=="}},
       .also = {},
       .has_timestamp = true},
      {.scheme = "svix",
       .secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
       .headers =
           {{"svix-id", "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"},
            {"svix-timestamp", "1767225600"},
            {"svix-signature", "v1,rYqopfX4R2slYXoZb0Lx6yOQ31XFVtjxUN9RcZ45FOs="}},
       .also = {},
       .has_timestamp = true},
      {.scheme = "stripe",
       .secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
       .headers =
           {{"stripe-signature",
             "t=1767225600,v1=79c647d3563389e59ca4b68afbe8b7435f5719744b26a9e9f65e0fc42db03d2d"}},
       .also = {},
       .has_timestamp = true,
       .takes_future = true},
      {.scheme = "github",
       .secret = "It's a Secret to Everybody",
       .headers =
           {{"x-hub-signature-256",
             "sha256=833d6d38ee83671e32698238e6aeee7353a4ae7ecb5ee5ed827791689196682c"}},
       .also =
           {{"x-github-event", "invoice.paid"},
            {"x-github-delivery", "dlv_1"},
            {"x-hub-signature", "sha1=e8262435a15e5231b49b2e6ac716cdb208273cff"}},
       .members = {{"sha1", true}}},
      {.scheme = "jira",
       .secret = "It's a Secret to Everybody",
       .headers =
           {{"x-hub-signature",
             "sha256=833d6d38ee83671e32698238e6aeee7353a4ae7ecb5ee5ed827791689196682c"}},
       .also = {{"x-atlassian-webhook-identifier", "dlv_1"}}},
      {.scheme = "slack",
       .secret = "8f742231b10e8888abcd99yyyzzz85a5",
       .headers =
           {{"x-slack-request-timestamp", "1767225600"},
            {"x-slack-signature",
             "v0=a2f8ed4f8facc42a154cc0ebd6563f774fb47a814aeaf7b5a62ee78ea226f407"}},
       .also = {},
       .has_timestamp = true,
       .takes_future = true},
      {.scheme = "woocommerce",
       .secret = "wc_secret",
       .headers = {{"x-wc-webhook-signature", "u7k2fpg6kckvD0Z7OHvfgUjMnda7ViOZjfN7i5MeUw0="}},
       .also =
           {{"x-wc-webhook-topic", "invoice.paid"},
            {"x-wc-webhook-resource", "invoice"},
            {"x-wc-webhook-event", "paid"},
            {"x-wc-webhook-delivery-id", "dlv_1"}}},
      {.scheme = "shopify",
       .secret = "hush",
       .headers = {{"x-shopify-hmac-sha256", "KCNBL65l8LsWJYqUvbuQ8ccD2lhVKFHNEGXEPzXo5Jk="}},
       .also =
           {{"x-shopify-topic", "invoice.paid"},
            {"x-shopify-shop-domain", "example.myshopify.com"},
            {"x-shopify-api-version", "2025-10"},
            {"x-shopify-webhook-id", "dlv_1"},
            {"x-shopify-event-id", "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"}},
       .members = {{"shop_domain", "example.myshopify.com"}}},
      {.scheme = "shopify-events",
       .secret = "hush",
       .headers = {{"shopify-hmac-sha256", "KCNBL65l8LsWJYqUvbuQ8ccD2lhVKFHNEGXEPzXo5Jk="}},
       .also =
           {{"shopify-topic", "invoice.paid"},
            {"shopify-shop-domain", "example.myshopify.com"},
            {"shopify-api-version", "2026-01"},
            {"shopify-webhook-id", "dlv_1"},
            {"shopify-event-id", "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"}},
       .members = {{"shop_domain", "example.myshopify.com"}, {"api_version", "2026-01"}}},
      {.scheme = "sendgrid",
       .public_key =
           "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAESYmV2vsG7aPqKX6UG0zjTWO8g28VXZfZXHM3QaqLLBiGe/6"
           "IpROOpqMat5+aNevUKg53rOP6TnVnXwio1GFhDw==",
       .headers =
           {{"x-twilio-email-event-webhook-timestamp", "1767225600"},
            {"x-twilio-email-event-webhook-signature",
             "MEUCIQDn2VC7HoPBStM0z5iR8zy9dBoyNCJGw5PrrCpGWi8adwIgVRQa7BtER5x2TCPygXPF50v/GJrwgAHU/"
             "cPnD"
             "RhuBrY="}},
       .also = {},
       .repeats = false},
      {.scheme = "discord",
       .secret = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
       .public_key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
       .headers =
           {{"x-signature-timestamp", "1767225600"},
            {"x-signature-ed25519",
             "2e02f8648b375eea2e35e566a43dd11c961b1368fb24de9a40de465f5f630f87b2daf454f723e3713bea6"
             "9d94f"
             "ccb8d1849f0807a26747a39c7712bc9ae80400"}},
       .also = {}},
      {.scheme = "hmac",
       .secret = "It's a Secret to Everybody",
       .headers =
           {{"X-Hook", "v=833d6d38ee83671e32698238e6aeee7353a4ae7ecb5ee5ed827791689196682c"}},
       .also = {},
       .members = {{"header", "X-Hook"}, {"prefix", "v="}}},
  };
  return kVectors;
}

SignatureMembers complete(const std::string& scheme, SignatureMembers members) {
  FieldErrors errors;
  auto checked = check_signature({.scheme = scheme, .members = std::move(members)}, errors);
  EXPECT_THAT(errors, ::testing::IsEmpty());
  return checked.members;
}

Message message_of(std::string_view body = kBody, int attempt = 1) {
  return {
      .id = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
      .timestamp_s = kTimestamp,
      .body = body,
      .type = "invoice.paid",
      .delivery_id = "dlv_1",
      .attempt = attempt};
}

class SchemeTest : public ::testing::TestWithParam<Vector> {
 protected:
  [[nodiscard]] const Scheme& scheme() const { return *find_scheme(GetParam().scheme); }
  [[nodiscard]] std::string key() const {
    return GetParam().public_key.empty() ? GetParam().secret : GetParam().public_key;
  }
  [[nodiscard]] Headers sign(std::vector<std::string_view> secrets) const {
    return scheme().sign(secrets, message_of(), members_).value().headers;
  }
  [[nodiscard]] Status verify(
      const Headers& headers, std::string_view body = kBody, WallTime now = kNow
  ) const {
    return scheme().verify(key(), {.headers = headers, .body = body, .now = now}, members_);
  }

  const SignatureMembers members_ = complete(GetParam().scheme, GetParam().members);
};

TEST_P(SchemeTest, SendsWhatTheProvidersLibraryAccepts) {
  if (!GetParam().repeats) return;  // verified below
  const Headers sent = sign({GetParam().secret});
  for (const Headers& expected : {GetParam().headers, GetParam().also}) {
    for (const auto& [name, value] : expected) {
      const std::string* found = find_header(sent, name);
      ASSERT_NE(found, nullptr) << name;
      EXPECT_EQ(*found, value) << name;
    }
  }
}

TEST_P(SchemeTest, SendsTheEventsIdAndTheAttemptsInstantWithEveryScheme) {
  const std::string secret = scheme().generate_secret();
  const Headers sent = sign({secret});
  EXPECT_EQ(*find_header(sent, "webhook-id"), "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W");
  EXPECT_EQ(*find_header(sent, "webhook-timestamp"), "1767225600");
}

TEST_P(SchemeTest, VerifiesWhatTheProvidersLibraryAccepts) {
  EXPECT_TRUE(verify(GetParam().headers));
}

TEST_P(SchemeTest, RefusesAnotherBody) {
  std::string body{kBody};
  body[20] ^= 1;
  EXPECT_FALSE(verify(GetParam().headers, body));
  EXPECT_FALSE(verify(GetParam().headers, ""));
}

TEST_P(SchemeTest, RefusesAnythingElseInAHeaderThatProves) {
  for (std::size_t i = 0; i < GetParam().headers.size(); ++i) {
    Headers changed = GetParam().headers;
    changed[i].second[changed[i].second.size() / 2] ^= 1;
    EXPECT_FALSE(verify(changed)) << changed[i].first;
    changed[i].second.clear();
    EXPECT_FALSE(verify(changed)) << changed[i].first;
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
    const auto refused = verify(changed);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().context, HasSubstr("missing"));
  }
}

TEST_P(SchemeTest, RefusesAnotherKeyAndSaysNothingOfIt) {
  const std::string other = scheme().generate_secret();
  const auto refused = scheme().verify(
      scheme().public_key(other).value_or(other),
      {.headers = GetParam().headers, .body = kBody, .now = kNow},
      members_
  );
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().context, Not(HasSubstr(other.substr(other.size() / 2))));
}

TEST_P(SchemeTest, LooksAtTheAgeWhereTheProvidersReceiversDo) {
  const Millis limit{300'000};
  EXPECT_TRUE(verify(GetParam().headers, kBody, kNow + limit));
  EXPECT_EQ(
      verify(GetParam().headers, kBody, kNow + limit + Millis{1}).has_value(),
      !GetParam().has_timestamp
  );
  EXPECT_EQ(
      verify(GetParam().headers, kBody, kNow - limit - Millis{1}).has_value(),
      !GetParam().has_timestamp || GetParam().takes_future
  );
}

std::string test_name(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(
    Signing,
    SchemeTest,
    ::testing::ValuesIn(vectors()),
    [](const auto& vector) { return test_name(vector.param.scheme); }
);

TEST(Schemes, AreAllHeldAgainstAVector) {
  // These three have none, and tests of their own below.
  std::vector<std::string> tested = {"mailgun", "paypal", "none"};
  for (const Vector& vector : vectors()) tested.push_back(vector.scheme);
  std::vector<std::string> known;
  for (const std::string_view name : scheme_names()) known.emplace_back(name);
  EXPECT_THAT(tested, ::testing::UnorderedElementsAreArray(known));
}

/// Members that every scheme has what it requires with.
SignatureMembers members_for(std::string_view scheme) {
  if (scheme.starts_with("shopify")) return {{"shop_domain", "example.myshopify.com"}};
  if (scheme == "paypal")
    return {
        {"webhook_id", "8PT597110X687430LKGECATA"}, {"cert_url", "https://example.com/cert.pem"}};
  return {};
}

class EverySchemeTest : public ::testing::TestWithParam<std::string_view> {
 protected:
  [[nodiscard]] static const Scheme& scheme() { return *find_scheme(GetParam()); }
  /// What its receivers have.
  [[nodiscard]] static std::string key_of(const std::string& secret) {
    return scheme().public_key(secret).value_or(secret);
  }
  const SignatureMembers members_ = complete(std::string{GetParam()}, members_for(GetParam()));
};

TEST_P(EverySchemeTest, MakesSecretsThatFitAndVerifiesWhatTheySigned) {
  const std::string secret = scheme().generate_secret();
  EXPECT_TRUE(scheme().check_secret(secret));
  EXPECT_NE(scheme().generate_secret(), secret);
  const Signed made =
      scheme().sign(std::array<std::string_view, 1>{secret}, message_of(), members_).value();
  const Received received{
      .headers = made.headers, .body = made.body ? *made.body : kBody, .now = kNow};
  EXPECT_EQ(scheme().verify(key_of(secret), received, members_).has_value(), GetParam() != "none");
}

TEST_P(EverySchemeTest, RefusesSecretsThatCannotBeOne) {
  if (GetParam() == "none") return;
  for (const std::string& wrong :
       {std::string{}, std::string{"line\nbreak"}, std::string(1000, 'x')})
    EXPECT_FALSE(scheme().check_secret(wrong));
}

TEST_P(EverySchemeTest, SignsNothingWithASecretThatCannotBeOne) {
  // Schemes that sign with the bytes of a text take any text.
  const std::array<std::string_view, 1> secrets = {"whsec_!"};
  const auto made = scheme().sign(secrets, message_of(), members_);
  const bool has_reason = made.has_value() || !made.error().context.empty();
  EXPECT_TRUE(has_reason);
  EXPECT_EQ(scheme().public_key("whsec_!"), std::nullopt);
}

TEST_P(EverySchemeTest, HoldsOneSignatureOfTheOldestOrAllOfThem) {
  const std::string next = scheme().generate_secret();
  const std::string old = scheme().generate_secret();
  const std::array<std::string_view, 2> secrets = {next, old};
  const Signed made = scheme().sign(secrets, message_of(), members_).value();
  const Received received{
      .headers = made.headers, .body = made.body ? *made.body : kBody, .now = kNow};
  const bool holds_two =
      GetParam().starts_with("standard") || GetParam() == "svix" || GetParam() == "stripe";
  EXPECT_EQ(scheme().verify(key_of(old), received, members_).has_value(), GetParam() != "none");
  EXPECT_EQ(scheme().verify(key_of(next), received, members_).has_value(), holds_two);
}

INSTANTIATE_TEST_SUITE_P(
    Signing,
    EverySchemeTest,
    ::testing::ValuesIn(scheme_names()),
    [](const auto& name) { return test_name(std::string{name.param}); }
);

TEST(Mailgun, WrapsTheBodyAndSignsAnotherTokenAtEachAttempt) {
  const Scheme& scheme = *find_scheme("mailgun");
  const std::array<std::string_view, 1> secrets = {"key-3ax6xnjp29jd6fds4gc373sgvjxteol0"};
  const Signed first = scheme.sign(secrets, message_of(), {}).value();
  const Signed second = scheme.sign(secrets, message_of(kBody, 2), {}).value();
  ASSERT_TRUE(first.body && second.body);
  EXPECT_NE(*first.body, *second.body);
  EXPECT_THAT(*first.body, HasSubstr(R"(,"event-data":)" + std::string{kBody} + "}"));
}

TEST(Mailgun, VerifiesWhatItsLibraryAccepts) {
  const std::string body =
      R"({"signature":{"timestamp":"1767225600",)"
      R"("token":"a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0",)"
      R"("signature":"9169a6b188660b4bbd303534a2e20711e7e2ce6c30fe4d19de850a8816054efa"},)"
      R"("event-data":{}})";
  const auto verify = [](const std::string& text, WallTime now) {
    return find_scheme("mailgun")->verify(
        "key-3ax6xnjp29jd6fds4gc373sgvjxteol0", {.headers = {}, .body = text, .now = now}, {}
    );
  };
  EXPECT_TRUE(verify(body, kNow));
  EXPECT_FALSE(verify(body, kNow + Millis{300'001}));
  std::string changed = body;
  changed[body.find("9169")] = '8';
  EXPECT_FALSE(verify(changed, kNow));
  for (const char* wrong : {"", "[]", "{}", R"({"signature":1})", R"({"signature":{"token":2}})"})
    EXPECT_FALSE(verify(wrong, kNow)) << wrong;
}

TEST(Paypal, SignsIdTimeWebhookIdAndTheChecksumOfTheBody) {
  const Scheme& scheme = *find_scheme("paypal");
  const std::string secret = scheme.generate_secret();
  const auto members = complete("paypal", members_for("paypal"));
  const Headers sent =
      scheme.sign(std::array<std::string_view, 1>{secret}, message_of(), members).value().headers;
  EXPECT_EQ(*find_header(sent, "paypal-transmission-time"), "2026-01-01T00:00:00Z");
  EXPECT_EQ(*find_header(sent, "paypal-cert-url"), "https://example.com/cert.pem");
  const auto der = crypto::base64_decode(*scheme.public_key(secret));
  ASSERT_TRUE(der);
  const auto key = crypto::PublicKey::from_spki(crypto::KeyKind::kRsa, *der);
  ASSERT_TRUE(key);
  // The checksum as PayPal's own code was seen to take it.
  const std::string text = *find_header(sent, "paypal-transmission-id") +
                           "|2026-01-01T00:00:00Z|8PT597110X687430LKGECATA|431680508";
  const auto signature = crypto::base64_decode(*find_header(sent, "paypal-transmission-sig"));
  ASSERT_TRUE(signature);
  EXPECT_TRUE(key->verify(text, *signature));
}

TEST(Signatures, AreCompletedWithWhatWasLeftOut) {
  const auto members = complete("hmac", {{"encoding", "base64"}});
  EXPECT_EQ(text_member(members, "header"), "X-Signature");
  EXPECT_EQ(text_member(members, "algorithm"), "sha256");
  EXPECT_EQ(text_member(members, "encoding"), "base64");
  EXPECT_EQ(text_member(members, "prefix"), "");
  EXPECT_FALSE(flag_member(complete("github", {}), "sha1"));
  EXPECT_EQ(text_member(complete("hmac", {{"prefix", "HMAC "}}), "prefix"), "HMAC ");
}

TEST(Signatures, AreRefusedByTheNameOfTheMember) {
  struct Case {
    Signature given;
    std::string pointer;
    std::string detail;
  };
  const std::vector<Case> cases = {
      {{.scheme = "rot13", .members = {}}, "/signature/scheme", "must be one of standard, "},
      {{.scheme = "standard", .members = {{"header", "X-A"}}}, "/signature/header", "no members"},
      {{.scheme = "shopify", .members = {}}, "/signature/shop_domain", "required"},
      {{.scheme = "shopify", .members = {{"shop_domain", ""}}},
       "/signature/shop_domain",
       "must be 1"},
      {{.scheme = "github", .members = {{"sha1", "yes"}}}, "/signature/sha1", "true or false"},
      {{.scheme = "hmac", .members = {{"algorithm", "md5"}}},
       "/signature/algorithm",
       "sha256, sha512"},
      {{.scheme = "hmac", .members = {{"header", "Content-Type"}}},
       "/signature/header",
       "sets itself"},
      {{.scheme = "hmac", .members = {{"header", "a b"}}}, "/signature/header", "no header name"},
      {{.scheme = "hmac", .members = {{"prefix", "a\r\nb"}}}, "/signature/prefix", "printable"},
      {{.scheme = "hmac", .members = {{"encoding", true}}}, "/signature/encoding", "a string"},
      {{.scheme = "paypal", .members = {{"webhook_id", "w"}, {"cert_url", "http://a.example/"}}},
       "/signature/cert_url",
       "https://"},
  };
  for (const Case& one : cases) {
    FieldErrors errors;
    static_cast<void>(check_signature(one.given, errors));
    ASSERT_EQ(errors.size(), 1U) << one.pointer;
    EXPECT_EQ(errors.front().pointer, one.pointer);
    EXPECT_THAT(errors.front().detail, HasSubstr(one.detail));
  }
}

TEST(Schemes, AreFoundByTheirExactNames) {
  EXPECT_EQ(find_scheme("Standard"), nullptr);
  EXPECT_EQ(find_scheme(""), nullptr);
}

TEST(Schemes, SignWithBothSecretsWhereTheyCan) {
  const std::array<std::string_view, 2> secrets = {
      "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"};
  const Message message{
      .id = "msg_1", .timestamp_s = kTimestamp, .body = kBody, .type = "a", .delivery_id = "dlv_1"};
  for (const char* name : {"standard", "svix", "stripe"}) {
    const Headers sent = find_scheme(name)->sign(secrets, message, {}).value().headers;
    for (const std::string_view secret : secrets) {
      const Received received{.headers = sent, .body = kBody, .now = kNow};
      EXPECT_TRUE(find_scheme(name)->verify(secret, received, {})) << name;
    }
  }
  EXPECT_EQ(
      *find_header(
          find_scheme("stripe")->sign(secrets, message, {}).value().headers, "stripe-signature"
      ),
      "t=1767225600,v1=e5b579883b9e9a23676edee31610557fd589b1e91e81de6c1073eadb0d09657c,"
      "v1=79c647d3563389e59ca4b68afbe8b7435f5719744b26a9e9f65e0fc42db03d2d"
  );
}

}  // namespace
}  // namespace postrider::signing
