#include "crypto/encoding.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace postrider::crypto {
namespace {

struct Vector {
  std::string_view bytes;
  std::string_view base64;
  std::string_view hex;
};

// RFC 4648 §10.
constexpr std::array<Vector, 7> kVectors = {{
    {"", "", ""},
    {"f", "Zg==", "66"},
    {"fo", "Zm8=", "666f"},
    {"foo", "Zm9v", "666f6f"},
    {"foob", "Zm9vYg==", "666f6f62"},
    {"fooba", "Zm9vYmE=", "666f6f6261"},
    {"foobar", "Zm9vYmFy", "666f6f626172"},
}};

TEST(Base64, HoldsTheVectorsOfTheRfc) {
  for (const Vector& vector : kVectors) {
    EXPECT_EQ(base64_encode(vector.bytes), vector.base64);
    EXPECT_EQ(base64_decode(vector.base64).value(), vector.bytes);
  }
}

TEST(Base64, ReadsWhatItWritesForEveryByte) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
    EXPECT_EQ(base64_decode(base64_encode(bytes)).value(), bytes);
  }
}

TEST(Base64, UsesTheStandardAlphabet) {
  EXPECT_EQ(base64_encode("\xfb\xff\xbf"), "+/+/");
  EXPECT_EQ(base64_decode("+/+/").value(), "\xfb\xff\xbf");
}

TEST(Base64, RefusesEveryOtherSpelling) {
  for (const std::string_view text :
       {"Zg",
        "Zg=",
        "Zg===",
        "Zm9v=",
        "Z===",
        "====",
        "Z=g=",
        "Zh==",
        "Zm9=",
        "-_-_",
        "Zm9v\n",
        "Zm 9",
        "Zm9vZ",
        " Zm9"}) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
}

TEST(Base64Url, HasNoPaddingAndNothingToEscape) {
  EXPECT_EQ(base64url_encode("\xfb\xff\xbf"), "-_-_");
  EXPECT_EQ(base64url_encode("f"), "Zg");
  EXPECT_EQ(base64url_encode(std::string(32, '\xff')).size(), 43U);
}

TEST(Base64Url, ReadsWhatItWritesForEveryByte) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)).value(), bytes);
    bytes += static_cast<char>(i);
  }
}

TEST(Base64Url, RefusesEveryOtherSpelling) {
  for (const std::string_view text : {"Z", "Zg==", "Zm9vY", "+/+/", "Zm9v\n", "Zm 9", "Zh", "Zm9="})
    EXPECT_FALSE(base64url_decode(text)) << text;
}

TEST(Hex, HoldsTheVectorsOfTheRfc) {
  for (const Vector& vector : kVectors) {
    EXPECT_EQ(hex_encode(vector.bytes), vector.hex);
    EXPECT_EQ(hex_decode(vector.hex).value(), vector.bytes);
  }
}

TEST(Hex, ReadsEitherCaseAndWritesLowerCase) {
  EXPECT_EQ(hex_decode("00fFAb").value(), std::string("\0\xff\xab", 3));
  EXPECT_EQ(hex_encode(std::string("\0\xff\xab", 3)), "00ffab");
}

TEST(Hex, RefusesWhatIsNoPairOfDigits) {
  for (const std::string_view text : {"0", "0g", "g0", "0x", " 0", "-1", "000"}) {
    EXPECT_FALSE(hex_decode(text)) << text;
  }
}

}  // namespace
}  // namespace postrider::crypto
