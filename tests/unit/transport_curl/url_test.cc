#include "transport/curl/url.h"

#include <string>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace postrider::curl {
namespace {

TEST(CheckUrl, TakesHttpAndHttps) {
  for (const char* url :
       {"http://example.com",
        "https://example.com/",
        "HTTPS://EXAMPLE.COM/Hook",
        "https://example.com:8443/a/b?c=d&e=%20",
        "http://127.0.0.1:8080/",
        "http://[::1]:80/",
        "https://xn--bcher-kva.example/",
        "https://example.com./trailing-dot",
        "https://example.com/@me?mail=a@b",
        "http://2130706433/"}) {
    const Status checked = check_url(url);
    EXPECT_TRUE(checked) << url << ": " << checked.error().context;
  }
}

TEST(CheckUrl, RefusesWhatIsNoHttpUrl) {
  for (const char* url :
       {"",
        "example.com",
        "//example.com",
        "/hook",
        "http:example.com",
        "http:/example.com",
        "http:///example.com",
        "http://",
        "https://?a",
        "https:///",
        "http://:80/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        "unix:///run/docker.sock",
        "httpss://example.com",
        "http//example.com"}) {
    EXPECT_FALSE(check_url(url)) << url;
  }
}

TEST(CheckUrl, RefusesCredentialsAndFragments) {
  for (const char* url :
       {"https://user@example.com/",
        "https://user:secret@example.com/",
        "https://:@example.com/",
        "https://@example.com/",
        "https://example.com#part",
        "https://example.com/#",
        "https://example.com/?a#b"}) {
    EXPECT_FALSE(check_url(url)) << url;
  }
}

TEST(CheckUrl, RefusesSpacesControlCharactersAndOtherBytes) {
  for (const std::string& url :
       {std::string{"https://example.com/a b"},
        std::string{" https://example.com/"},
        std::string{"https://example.com/\r\nX-Injected: 1"},
        std::string{"https://exam\tple.com/"},
        std::string{"https://example.com/\x7f"},
        std::string{"https://b\xc3\xbc"
                    "cher.example/"},
        std::string("https://example.com/\0", 21)}) {
    EXPECT_FALSE(check_url(url)) << url;
  }
}

TEST(CheckUrl, RefusesHostsAndPortsThatCannotBeMeant) {
  for (const char* url :
       {"http://example.com:0/",
        "http://example.com:65536/",
        "http://example.com:-1/",
        "http://example.com:http/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://[fe80::1%eth0]/",
        "http://[::g]/",
        "http://exa mple.com/",
        "http://example.com\\@other.example/",
        "http://a%00b/",
        "http://a%2fb/"}) {
    EXPECT_FALSE(check_url(url)) << url;
  }
}

TEST(CheckUrl, HoldsTheLimitOfItsLength) {
  const std::string start = "https://example.com/";
  const std::string longest = start + std::string(limits::kUrlLengthMax - start.size(), 'a');
  EXPECT_TRUE(check_url(longest));
  const Status checked = check_url(longest + "a");
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().context, "must have at most 2048 characters");
}

TEST(CheckUrl, DoesNotEchoWhatItRefuses) {
  for (const char* url : {"https://user:hunter2@example.com/", "https://example.com:hunter2/"}) {
    const Status checked = check_url(url);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().context.find("hunter2"), std::string::npos);
  }
}

}  // namespace
}  // namespace postrider::curl
