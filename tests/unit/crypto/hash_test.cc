#include "crypto/hash.h"

#include <string>

#include <gtest/gtest.h>

#include "crypto/encoding.h"

namespace postrider::crypto {
namespace {

// FIPS 180-4 examples.
TEST(Sha256, HoldsThePublishedVectors) {
  EXPECT_EQ(
      hex_encode(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
  );
  EXPECT_EQ(
      hex_encode(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
  );
  EXPECT_EQ(
      hex_encode(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
  );
}

// RFC 4231, cases 1, 2, 3 and 6.
TEST(Sha256, OfPartsIsThatOfTheWhole) {
  Sha256 parts;
  for (const char* part : {"ab", "", "c"}) parts.add(part);
  EXPECT_EQ(parts.finish(), sha256("abc"));
  EXPECT_EQ(Sha256().finish(), sha256(""));
}

TEST(HmacSha256, HoldsTheVectorsOfTheRfc) {
  EXPECT_EQ(
      hex_encode(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
  );
  EXPECT_EQ(
      hex_encode(hmac_sha256("Jefe", "what do ya want for nothing?")),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
  );
  EXPECT_EQ(
      hex_encode(hmac_sha256(std::string(20, '\xaa'), std::string(50, '\xdd'))),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
  );
  EXPECT_EQ(
      hex_encode(hmac_sha256(
          std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"
      )),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
  );
}

TEST(HmacSha256, TakesAnEmptyKeyAndAnEmptyMessage) {
  EXPECT_EQ(
      hex_encode(hmac_sha256("", "")),
      "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"
  );
}

TEST(HmacSha256, ForgetsTheKeyBefore) {
  const std::string alone = hmac_sha256("", "message");
  EXPECT_NE(hmac_sha256("key", "message"), alone);
  EXPECT_EQ(hmac_sha256("", "message"), alone);
}

TEST(HmacSha256, OfPartsIsThatOfTheWhole) {
  EXPECT_EQ(hmac_sha256("key", {"a.", "", "1.", "body"}), hmac_sha256("key", "a.1.body"));
}

TEST(ConstantTimeEqual, ComparesAllBytesAndTheLengths) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal(std::string_view("a\0b", 3), std::string_view("a\0b", 3)));
  EXPECT_FALSE(constant_time_equal(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
  EXPECT_FALSE(constant_time_equal("abc", "ab"));
  EXPECT_FALSE(constant_time_equal("", "a"));
}

}  // namespace
}  // namespace postrider::crypto
