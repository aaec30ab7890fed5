#include "transport/curl/address_guard.h"

#include <string>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace postrider::curl {
namespace {

bool allows(const AddressGuard& guard, const std::string& text) {
  sockaddr_storage storage{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    storage.ss_family = AF_INET;
  } else {
    EXPECT_EQ(inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr), 1) << text;
    storage.ss_family = AF_INET6;
  }
  return guard.allows(reinterpret_cast<const sockaddr&>(storage));
}

AddressGuard guard_with(std::vector<std::string> allow_nets) {
  return AddressGuard::parse(allow_nets).value();
}

struct Row {
  std::string first;
  std::string last;
  std::string below;  ///< the neighbours outside; empty where they are special too
  std::string above;
};

class SpecialNetworks : public ::testing::TestWithParam<Row> {};

TEST_P(SpecialNetworks, AreRefusedToTheirEdgesAndNoFurther) {
  const AddressGuard guard;
  EXPECT_FALSE(allows(guard, GetParam().first));
  EXPECT_FALSE(allows(guard, GetParam().last));
  for (const std::string& neighbour : {GetParam().below, GetParam().above}) {
    EXPECT_TRUE(neighbour.empty() || allows(guard, neighbour)) << neighbour;
  }
}

INSTANTIATE_TEST_SUITE_P(
    V4,
    SpecialNetworks,
    ::testing::Values(
        Row{"0.0.0.0", "0.255.255.255", "", "1.0.0.0"},
        Row{"10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"},
        Row{"100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0"},
        Row{"127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0"},
        Row{"168.63.129.16", "168.63.129.16", "168.63.129.15", "168.63.129.17"},
        Row{"169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0"},
        Row{"169.254.169.254", "169.254.169.254", "", ""},
        Row{"172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"},
        Row{"192.0.0.0", "192.0.0.255", "191.255.255.255", "192.0.1.0"},
        Row{"192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0"},
        Row{"192.31.196.0", "192.31.196.255", "192.31.195.255", "192.31.197.0"},
        Row{"192.52.193.0", "192.52.193.255", "192.52.192.255", "192.52.194.0"},
        Row{"192.88.99.0", "192.88.99.255", "192.88.98.255", "192.88.100.0"},
        Row{"192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0"},
        Row{"192.175.48.0", "192.175.48.255", "192.175.47.255", "192.175.49.0"},
        Row{"198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0"},
        Row{"198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0"},
        Row{"203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0"},
        Row{"224.0.0.0", "239.255.255.255", "223.255.255.255", ""},
        Row{"240.0.0.0", "255.255.255.254", "", ""},
        Row{"255.255.255.255", "255.255.255.255", "", ""}
    )
);

INSTANTIATE_TEST_SUITE_P(
    V6,
    SpecialNetworks,
    ::testing::Values(
        Row{"::", "::", "", ""},
        Row{"::1", "::1", "", ""},
        Row{"::127.0.0.1", "::255.255.255.255", "", "::1:0:0"},
        Row{"::8.8.8.8", "::8.8.8.8", "", ""},
        Row{"::ffff:0:127.0.0.1", "::ffff:0:8.8.8.8", "::fffe:ffff:0:0", "::ffff:1:0:0"},
        Row{"64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "", "64:ff9b:2::"},
        Row{"100::", "100::ffff:ffff:ffff:ffff", "ff:ffff::", ""},
        Row{"100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff", "", "100:0:0:2::"},
        Row{"2001::", "2001:1ff:ffff::", "2000:ffff::", "2001:200::"},
        Row{"2001:0:4136:e378::", "2001::ffff:ffff", "", ""},
        Row{"2001:2::", "2001:2:0:ffff::", "", ""},
        Row{"2001:4:112::", "2001:4:112:ffff::", "", ""},
        Row{"2001:10::", "2001:1f:ffff::", "", ""},
        Row{"2001:20::", "2001:2f:ffff::", "", ""},
        Row{"2001:30::", "2001:3f:ffff::", "", ""},
        Row{"2001:db8::", "2001:db8:ffff::", "2001:db7:ffff::", "2001:db9::"},
        Row{"2002::", "2002:ffff::", "2001:ffff::", "2003::"},
        Row{"2002:7f00:1::", "2002:a9fe:a9fe::1", "", ""},
        Row{"2620:4f:8000::", "2620:4f:8000:ffff::", "2620:4f:7fff::", "2620:4f:8001::"},
        Row{"3fff::", "3fff:fff:ffff::", "3ffe:ffff::", "3fff:1000::"},
        Row{"5f00::", "5f00:ffff::", "5eff:ffff::", "5f01::"},
        Row{"fc00::", "fdff:ffff::", "fbff:ffff::", "fe00::"},
        Row{"fd00:ec2::254", "fd00:ec2::254", "", ""},
        Row{"fe80::", "febf:ffff::", "fe7f:ffff::", ""},
        Row{"fec0::", "feff:ffff::", "", ""},
        Row{"ff00::", "ffff:ffff::", "", ""},
        Row{"2a00:1::5efe:10.0.0.1",
            "2a00:1::200:5efe:8.8.8.8",
            "2a00:1::5efd:10.0.0.1",
            "2a00:1::400:5efe:10.0.0.1"}
    )
);

TEST(AddressGuard, RefusesSomeAddressOfEveryRowOfItsTable) {
  const AddressGuard guard;
  for (const SpecialNetwork& row : special_networks()) {
    EXPECT_FALSE(allows(guard, std::string{row.network.substr(0, row.network.find('/'))}))
        << row.network;
  }
}

TEST(AddressGuard, AllowsPublicAddresses) {
  const AddressGuard guard;
  for (const char* text :
       {"1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450::1"}) {
    EXPECT_TRUE(allows(guard, text)) << text;
  }
}

TEST(AddressGuard, JudgesTheV4AddressInsideOfAMappedOrNat64One) {
  const AddressGuard guard;
  for (const std::string prefix : {"::ffff:", "64:ff9b::"}) {
    EXPECT_TRUE(allows(guard, prefix + "8.8.8.8")) << prefix;
    for (const std::string v4 : {"127.0.0.1", "10.1.2.3", "169.254.169.254", "0.0.0.0"}) {
      EXPECT_FALSE(allows(guard, prefix + v4)) << prefix << v4;
    }
  }
}

TEST(AddressGuard, AdmitsWhatIsAllowedAndNothingBeside) {
  const AddressGuard guard = guard_with({"10.1.0.0/16", "192.168.7.9", "fd00:1::/32"});
  for (const char* text :
       {"10.1.0.0",
        "10.1.255.255",
        "192.168.7.9",
        "::ffff:10.1.2.3",
        "64:ff9b::10.1.2.3",
        "fd00:1:2::3"}) {
    EXPECT_TRUE(allows(guard, text)) << text;
  }
  for (const char* text :
       {"10.0.255.255",
        "10.2.0.0",
        "192.168.7.8",
        "::ffff:10.2.0.0",
        "fd00:2::",
        "::10.1.2.3",
        "2002:a01:203::",
        "127.0.0.1"}) {
    EXPECT_FALSE(allows(guard, text)) << text;
  }
}

TEST(AddressGuard, TakesAMappedNetworkForItsV4Network) {
  const AddressGuard guard = guard_with({"::ffff:10.0.0.0/104"});
  EXPECT_TRUE(allows(guard, "10.9.9.9"));
  EXPECT_TRUE(allows(guard, "::ffff:10.9.9.9"));
  EXPECT_FALSE(allows(guard, "127.0.0.1"));
}

TEST(AddressGuard, DoesNotAdmitV4ByANetworkOfV6OrTheOtherWayRound) {
  EXPECT_FALSE(allows(guard_with({"fc00::/7"}), "10.0.0.1"));
  EXPECT_FALSE(allows(guard_with({"0.0.0.0/0"}), "::1"));
  EXPECT_TRUE(allows(guard_with({"0.0.0.0/0"}), "127.0.0.1"));
  EXPECT_TRUE(allows(guard_with({"::/0"}), "::1"));
  EXPECT_FALSE(allows(guard_with({"::/0"}), "127.0.0.1"));
}

TEST(AddressGuard, RefusesNetworksThatAreNone) {
  for (const char* text :
       {"",
        "10",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/8x",
        "10.0.0.0/255.0.0.0",
        "10.0.0.1/8",
        "fd00::1/8",
        "::/129",
        "localhost",
        "010.0.0.0/8",
        "fe80::1%eth0",
        "/8",
        " 10.0.0.0/8",
        "10.0.0.0/8,fd00::/8"}) {
    const std::vector<std::string> nets = {"127.0.0.0/8", text};
    const auto guard = AddressGuard::parse(nets);
    ASSERT_FALSE(guard) << text;
    EXPECT_TRUE(guard.error().context.starts_with(text));
  }
}

TEST(AddressGuard, RefusesOtherFamilies) {
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  EXPECT_FALSE(guard_with({"0.0.0.0/0", "::/0"}).allows(reinterpret_cast<sockaddr&>(local)));
}

}  // namespace
}  // namespace postrider::curl
