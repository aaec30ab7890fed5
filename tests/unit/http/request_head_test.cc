#include "http/request_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postrider::http {
namespace {

using testing::HasSubstr;

TEST(RequestHead, KeepsHeaderValuesAsTheyCame) {
  const auto head =
      parse_request_head("POST /v1/events HTTP/1.1\r\nIdempotency-Key: 100%25+a\r\nX-Empty:\r\n\r\n"
      );
  ASSERT_TRUE(head);
  EXPECT_EQ(head->request.headers.get("idempotency-key"), "100%25+a");
  EXPECT_EQ(head->request.headers.find("x-empty"), std::string_view(""));
}

TEST(RequestHead, DecodesPathAndQuery) {
  const auto head = parse_request_head("GET /a%20b/c?type=order.%2A&x=1+2&flag HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->request.path, "/a b/c");
  EXPECT_EQ(head->request.query_value("type"), "order.*");
  EXPECT_EQ(head->request.query_value("x"), "1 2");
  EXPECT_EQ(head->request.query_value("flag"), "");
  EXPECT_EQ(head->request.query_value("none"), std::nullopt);
}

TEST(RequestHead, RefusesTwoWaysToDelimitTheBody) {
  const auto head = parse_request_head(
      "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
  );
  ASSERT_FALSE(head);
  EXPECT_THAT(head.error().context, HasSubstr("exclude each other"));
}

TEST(RequestHead, RefusesLengthsThatAreNotOneNumber) {
  for (const char* length : {"-1", "abc", "1 2", "", "0x10", "99999999999999999999999"}) {
    const std::string raw =
        std::string("POST / HTTP/1.1\r\nContent-Length: ") + length + "\r\n\r\n";
    EXPECT_FALSE(parse_request_head(raw)) << length;
  }
  EXPECT_FALSE(
      parse_request_head("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n")
  );
}

TEST(RequestHead, RefusesCodingsOtherThanChunked) {
  EXPECT_FALSE(parse_request_head("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"));
  EXPECT_TRUE(parse_request_head("POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n")->chunked);
}

TEST(RequestHead, RefusesMalformedHeaderLines) {
  for (const char* line : {" folded: 1", "no colon", "name : 1", ": 1", "a: b\x01"}) {
    EXPECT_FALSE(parse_request_head(std::string("GET / HTTP/1.1\r\n") + line + "\r\n\r\n")) << line;
  }
}

TEST(RequestHead, RefusesRequestLinesOfOtherThanThreeWords) {
  for (const char* line :
       {"GET /a b HTTP/1.1",
        "GET  / HTTP/1.1",
        "GET / HTTP/1.1 HTTP/1.1",
        "GET /",
        "GET / HTTP/2",
        "GET / ",
        " / HTTP/1.1"}) {
    EXPECT_FALSE(parse_request_head(std::string(line) + "\r\n\r\n")) << line;
  }
}

// Found by request_head_fuzz.
TEST(RequestHead, RefusesAHeadWithoutItsEnd) {
  for (const char* raw : {"", "GET / HTTP/1.1", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nA: b"})
    EXPECT_FALSE(parse_request_head(raw)) << raw;
}

TEST(RequestHead, TakesNothingButCrlfForTheEndOfALine) {
  for (const char* raw :
       {"GET /a HTTP/1.1\n\nGET /b HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\nA: b\n\nContent-Length: 10\r\n\r\n",
        "POST / HTTP/1.1\r\nA: b\nContent-Length: 10\r\n\r\n",
        "POST / HTTP/1.1\r\nA: b\rContent-Length: 10\r\n\r\n",
        "POST / HTTP/1.1\r\n\r\nContent-Length: 10\r\n\r\n"}) {
    EXPECT_FALSE(parse_request_head(raw)) << raw;
  }
}

TEST(RequestHead, ClosesWhenTheClientSaysSo) {
  EXPECT_TRUE(parse_request_head("GET / HTTP/1.1\r\nConnection: X, Close\r\n\r\n")->close);
  EXPECT_TRUE(parse_request_head("GET / HTTP/1.0\r\n\r\n")->close);
  EXPECT_FALSE(parse_request_head("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")->close);
  EXPECT_FALSE(parse_request_head("GET / HTTP/1.1\r\n\r\n")->close);
}

TEST(Headers, CompareNamesWithoutCase) {
  Headers headers{{"Content-Type", "a"}};
  headers.set("content-type", "b");
  EXPECT_EQ(headers.count("CONTENT-TYPE"), 1U);
  EXPECT_EQ(headers.get("Content-Type"), "b");
}

TEST(PercentEncoding, ComesBackAsItWas) {
  const std::string text("a b/c%?&=+\x01\xff~", 13);
  EXPECT_EQ(percent_decode(percent_encode(text), false), text);
  EXPECT_EQ(percent_decode("%zz%4", false), "%zz%4");
}

}  // namespace
}  // namespace postrider::http
