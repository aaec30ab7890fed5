#include "app/postrider/serve_options.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ServeOptions, DefaultsAreThoseOfTheContract) {
  const auto options = checked(ServeFlags{});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->db, "postrider.db");
  EXPECT_EQ(options->host, "127.0.0.1");
  EXPECT_EQ(options->port, 8080);
  EXPECT_EQ(options->max_in_flight, 512U);
  EXPECT_EQ(options->max_event_bytes, 1'048'576U);
  EXPECT_EQ(options->drain, std::chrono::seconds{20});
  EXPECT_TRUE(options->allow_nets.empty());
}

TEST(ServeOptions, LeavesOutALeadingZeroDelay) {
  ServeFlags flags;
  flags.retry_delays_ms = {"0", "5000", "300000"};
  EXPECT_THAT(checked(flags)->retry_delays, ElementsAre(Millis{5000}, Millis{300'000}));
}

TEST(ServeOptions, NamesTheFlagThatIsWrong) {
  const auto refusal = [](auto change) {
    ServeFlags flags;
    change(flags);
    const auto options = checked(flags);
    return options ? std::string("accepted") : options.error().context;
  };
  EXPECT_THAT(refusal([](auto& f) { f.retry_delays_ms = {"5s"}; }), HasSubstr("--retry-delays-ms"));
  EXPECT_THAT(refusal([](auto& f) { f.retry_delays_ms = {"-1"}; }), HasSubstr("--retry-delays-ms"));
  EXPECT_THAT(refusal([](auto& f) { f.listen = "8080"; }), HasSubstr("--listen"));
  EXPECT_THAT(refusal([](auto& f) { f.listen = "h:65536"; }), HasSubstr("--listen"));
  EXPECT_THAT(refusal([](auto& f) { f.allow_net = {"10.0.0.0"}; }), HasSubstr("--allow-net"));
  EXPECT_THAT(refusal([](auto& f) { f.root_key = "short"; }), HasSubstr("--root-key"));
  EXPECT_THAT(refusal([](auto& f) { f.log_level = "loud"; }), HasSubstr("--log-level"));
  EXPECT_THAT(refusal([](auto& f) { f.log_format = "xml"; }), HasSubstr("--log-format"));
  EXPECT_THAT(refusal([](auto& f) { f.db = ""; }), HasSubstr("--db"));
}

TEST(ServeOptions, ComeFromTheCommandLine) {
  Cli cli("postrider", "Webhooks");
  const Command serve = cli.root().add("serve", "Run the service");
  auto& flags = serve.keep<ServeFlags>();
  add_serve_flags(serve, flags);
  Result<ServeOptions> options = fail(Errc::kInternal, "not run");
  serve.run_checked([&](Io&) -> Result<int> {
    options = checked(flags);
    if (!options) return tl::unexpected(options.error());
    return kExitDone;
  });
  std::istringstream in;
  std::ostringstream out;
  Io io{in, out, out};
  const int status = cli.run(
      {"serve",
       "--listen",
       "[::1]:0",
       "--allow-net",
       "10.0.0.0/8",
       "--allow-net",
       "fd00::/8",
       "--retry-delays-ms",
       "10,20",
       "--drain-s",
       "3"},
      io
  );
  ASSERT_EQ(status, kExitDone) << out.str();
  EXPECT_EQ(options->host, "::1");
  EXPECT_THAT(options->allow_nets, ElementsAre("10.0.0.0/8", "fd00::/8"));
  EXPECT_THAT(options->retry_delays, ElementsAre(Millis{10}, Millis{20}));
  EXPECT_EQ(options->drain, std::chrono::seconds{3});
  EXPECT_EQ(cli.run({"serve", "--timeout-ms", "5"}, io), kExitUsage);
}

TEST(HostPort, TakesNamesAndBracketedAddresses) {
  EXPECT_EQ(parse_host_port("localhost:0")->port, 0);
  EXPECT_EQ(parse_host_port("[::1]:80")->host, "::1");
  for (const char* bad : {"", ":80", "::1:80", "h:", "h:x", "h:-1", "h"}) {
    EXPECT_FALSE(parse_host_port(bad)) << bad;
  }
}

TEST(Cidr, NeedsAddressAndPrefix) {
  for (const char* good : {"10.0.0.0/8", "127.0.0.1/32", "::1/128", "fd00::/8", "0.0.0.0/0"}) {
    EXPECT_TRUE(is_cidr(good)) << good;
  }
  for (const char* bad :
       {"", "10.0.0.0", "10.0.0.0/33", "10.0/8", "::1/129", "x/8", "1.2.3.4/-1"}) {
    EXPECT_FALSE(is_cidr(bad)) << bad;
  }
}

}  // namespace
}  // namespace postrider::cli
