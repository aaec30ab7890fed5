#include "crypto/keys.h"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postrider::crypto {
namespace {

class KeysTest : public ::testing::TestWithParam<KeyKind> {};

TEST_P(KeysTest, SignWhatTheirPublicKeyVerifies) {
  const PrivateKey key = PrivateKey::generate(GetParam());
  EXPECT_TRUE(key.check());
  const std::string signature = key.sign("a message");
  EXPECT_TRUE(key.public_key().verify("a message", signature));
  EXPECT_FALSE(key.public_key().verify("another", signature));
  EXPECT_FALSE(key.public_key().verify("a message", ""));
  EXPECT_FALSE(key.public_key().verify("a message", signature + "x"));
  EXPECT_FALSE(PrivateKey::generate(GetParam()).public_key().verify("a message", signature));
}

TEST_P(KeysTest, ComeBackFromTheirText) {
  const PrivateKey key = PrivateKey::generate(GetParam());
  const auto read = PrivateKey::from_pem(GetParam(), key.pem());
  ASSERT_TRUE(read);
  const std::string spki = read->public_key().spki();
  EXPECT_EQ(spki, key.public_key().spki());
  const auto public_key = PublicKey::from_spki(GetParam(), spki);
  ASSERT_TRUE(public_key);
  EXPECT_TRUE(public_key->verify("x", key.sign("x")));
  EXPECT_FALSE(PublicKey::from_spki(GetParam(), spki + "x"));
  EXPECT_FALSE(PublicKey::from_spki(GetParam(), spki.substr(1)));
}

TEST_P(KeysTest, OfAnotherKindAreRefused) {
  for (const KeyKind other : {KeyKind::kEd25519, KeyKind::kP256, KeyKind::kRsa}) {
    if (other == GetParam()) continue;
    const PrivateKey key = PrivateKey::generate(other);
    EXPECT_FALSE(PrivateKey::from_pem(GetParam(), key.pem()));
    EXPECT_FALSE(PublicKey::from_spki(GetParam(), key.public_key().spki()));
  }
}

TEST_P(KeysTest, ThatAreDamagedAreFoundOutOrWork) {
  const std::string pem = PrivateKey::generate(GetParam()).pem();
  const std::size_t begin = pem.find('\n') + 1;
  const std::size_t end = pem.find("\n-----END");
  const std::size_t step = std::max<std::size_t>((end - begin) / 24, 1);
  for (std::size_t at = begin; at < end; at += step) {
    std::string damaged = pem;
    if (damaged[at] == '\n' || damaged[at] == '=') continue;
    damaged[at] = damaged[at] == 'A' ? 'B' : 'A';
    const auto key = PrivateKey::from_pem(GetParam(), damaged);
    if (!key || !key->check()) continue;
    EXPECT_TRUE(key->public_key().verify("x", key->sign("x"))) << damaged;
    EXPECT_TRUE(PublicKey::from_spki(GetParam(), key->public_key().spki())) << damaged;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, KeysTest, ::testing::Values(KeyKind::kEd25519, KeyKind::kP256, KeyKind::kRsa)
);

TEST(Ed25519, KeysAreThirtyTwoBytes) {
  const PrivateKey key = PrivateKey::generate(KeyKind::kEd25519);
  EXPECT_EQ(PrivateKey::from_seed(key.seed())->public_key().raw(), key.public_key().raw());
  for (const std::size_t size : {0U, 31U, 33U, 64U}) {
    EXPECT_FALSE(PrivateKey::from_seed(std::string(size, 'k')));
    EXPECT_FALSE(PublicKey::from_raw(std::string(size, 'k')));
  }
}

TEST(P256, AKeyWhosePublicHalfIsAnothersIsFoundOut) {
  // PKCS #8 in DER ends with the public point: 65 bytes after the two of its bit string.
  const std::string own = PrivateKey::generate(KeyKind::kP256).pem();
  const std::string other = PrivateKey::generate(KeyKind::kP256).pem();
  const auto lines = [](const std::string& pem) { return pem.find("\n-----END"); };
  // The last 64 characters of base64 are within the point.
  std::string mixed = own;
  mixed.replace(lines(own) - 40, 40, other, lines(other) - 40, 40);
  const auto key = PrivateKey::from_pem(KeyKind::kP256, mixed);
  EXPECT_FALSE(key && key->check());
}

TEST(PrivateKey, WhatIsNoneIsRefusedAndNotEchoed) {
  for (const std::string& text :
       {std::string{}, std::string{"secret text"}, std::string(9000, 'x')}) {
    const auto refused = PrivateKey::from_pem(KeyKind::kRsa, text);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().context, ::testing::HasSubstr("RSA"));
    EXPECT_THAT(refused.error().context, ::testing::Not(::testing::HasSubstr("secret text")));
  }
}

}  // namespace
}  // namespace postrider::crypto
