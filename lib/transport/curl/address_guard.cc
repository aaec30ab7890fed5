#include "transport/curl/address_guard.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/assert.h"

namespace postrider::curl {
namespace {

// The special-purpose registries of IANA for IPv4 and IPv6, the multicast ranges, and the formats
// that carry an IPv4 address inside an IPv6 one. Rows that the registries call reachable (AS112,
// AMT) are here too: no subscriber lives there.
constexpr std::array<SpecialNetwork, 44> kSpecialNetworks = {{
    {"0.0.0.0/8", "this network"},
    {"10.0.0.0/8", "private use"},
    {"100.64.0.0/10", "shared address space"},
    {"127.0.0.0/8", "loopback"},
    {"168.63.129.16/32", "host agent of a cloud: public in form, the hypervisor in fact"},
    {"169.254.0.0/16", "link local, metadata services"},
    {"172.16.0.0/12", "private use"},
    {"192.0.0.0/24", "protocol assignments"},
    {"192.0.2.0/24", "documentation"},
    {"192.31.196.0/24", "AS112"},
    {"192.52.193.0/24", "multicast tunnelling (AMT)"},
    {"192.88.99.0/24", "6to4 relay, deprecated"},
    {"192.168.0.0/16", "private use"},
    {"192.175.48.0/24", "AS112"},
    {"198.18.0.0/15", "benchmarking"},
    {"198.51.100.0/24", "documentation"},
    {"203.0.113.0/24", "documentation"},
    {"224.0.0.0/4", "multicast"},
    {"240.0.0.0/4", "reserved"},
    {"255.255.255.255/32", "limited broadcast"},
    {"::/128", "unspecified"},
    {"::1/128", "loopback"},
    {"::/96", "IPv4-compatible, deprecated"},
    {"::ffff:0:0:0/96", "IPv4-translated (SIIT)"},
    {"64:ff9b:1::/48", "NAT64 for local use"},
    {"100::/64", "discard only"},
    {"100:0:0:1::/64", "dummy prefix"},
    {"2001::/23", "protocol assignments"},
    {"2001::/32", "Teredo"},
    {"2001:2::/48", "benchmarking"},
    {"2001:10::/28", "ORCHID, deprecated"},
    {"2001:20::/28", "ORCHIDv2"},
    {"2001:db8::/32", "documentation"},
    {"2002::/16", "6to4"},
    {"2620:4f:8000::/48", "AS112"},
    {"3fff::/20", "documentation"},
    {"5f00::/16", "segment routing"},
    {"fc00::/7", "unique local"},
    {"fe80::/10", "link local"},
    {"fec0::/10", "site local, deprecated"},
    {"ff00::/8", "multicast"},
    {"::5efe:0:0/::fdff:ffff:0:0", "ISATAP: an IPv4 address behind any prefix"},
    {"2001:4:112::/48", "AS112"},
    {"2001:30::/28", "drone remote identification"},
}};

constexpr std::size_t kV4Bytes = 4;
constexpr std::size_t kV6Bytes = 16;
constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::array<std::uint8_t, 12> kNat64Prefix = {0, 0x64, 0xff, 0x9b};

/// The address itself; everything of `mask` is set.
std::optional<Network> parse_address(const std::string& text) {
  Network single;
  single.mask.fill(0xff);
  if (inet_pton(AF_INET, text.c_str(), single.address.data()) == 1) {
    single.v4 = true;
    return single;
  }
  if (inet_pton(AF_INET6, text.c_str(), single.address.data()) == 1) return single;
  return std::nullopt;
}

std::array<std::uint8_t, kV6Bytes> mask_of(unsigned bits) {
  std::array<std::uint8_t, kV6Bytes> mask{};
  for (unsigned i = 0; i < bits; ++i) {
    mask[i / 8] = static_cast<std::uint8_t>(mask[i / 8] | 0x80U >> i % 8);
  }
  return mask;
}

bool carries(const Network& v6, const std::array<std::uint8_t, 12>& prefix) {
  return !v6.v4 && std::equal(prefix.begin(), prefix.end(), v6.address.begin());
}

/// The IPv4 network that an IPv6 one (of at least 96 bits) carries behind its first 96 bits.
Network embedded_v4(const Network& v6) {
  Network v4;
  v4.v4 = true;
  std::copy_n(v6.address.begin() + 12, kV4Bytes, v4.address.begin());
  std::copy_n(v6.mask.begin() + 12, kV4Bytes, v4.mask.begin());
  return v4;
}

std::optional<Network> parse_network(const std::string& text) {
  const std::size_t slash = text.find('/');
  auto network = parse_address(text.substr(0, slash));
  if (!network || slash == std::string::npos) return network;
  const std::string_view length = std::string_view{text}.substr(slash + 1);
  unsigned bits = 0;
  const auto [stop, error] = std::from_chars(length.data(), length.data() + length.size(), bits);
  const bool whole = error == std::errc{} && stop == length.data() + length.size();
  if (!whole || bits > (network->v4 ? 32U : 128U)) return std::nullopt;
  network->mask = mask_of(bits);
  return network;
}

/// A row of the table above, whose rows are right.
Network special_network(std::string_view row) {
  const std::size_t slash = row.find('/');
  if (row.find(':', slash) == std::string_view::npos) {
    const auto network = parse_network(std::string{row});
    POSTRIDER_ASSERT(network.has_value());
    return *network;
  }
  auto network = parse_address(std::string{row.substr(0, slash)});
  const auto mask = parse_address(std::string{row.substr(slash + 1)});
  POSTRIDER_ASSERT(network.has_value());
  POSTRIDER_ASSERT(mask.has_value());
  network->mask = mask->address;
  return *network;
}

bool has_host_bits(const Network& network) {
  for (std::size_t i = 0; i < (network.v4 ? kV4Bytes : kV6Bytes); ++i) {
    if ((network.address[i] & ~network.mask[i]) != 0) return true;
  }
  return false;
}

bool contains(const Network& network, const Network& single) {
  if (network.v4 != single.v4) return false;
  for (std::size_t i = 0; i < (network.v4 ? kV4Bytes : kV6Bytes); ++i) {
    if (((network.address[i] ^ single.address[i]) & network.mask[i]) != 0) return false;
  }
  return true;
}

bool any_contains(const std::vector<Network>& networks, const Network& single) {
  return std::any_of(networks.begin(), networks.end(), [&](const Network& network) {
    return contains(network, single);
  });
}

std::optional<Network> from_sockaddr(const sockaddr& address) {
  Network single;
  single.mask.fill(0xff);
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    std::memcpy(single.address.data(), &in.sin_addr, kV4Bytes);
    single.v4 = true;
    return single;
  }
  if (address.sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 in6{};
  std::memcpy(&in6, &address, sizeof in6);
  std::memcpy(single.address.data(), &in6.sin6_addr, kV6Bytes);
  return single;
}

}  // namespace

std::span<const SpecialNetwork> special_networks() { return kSpecialNetworks; }

AddressGuard::AddressGuard() {
  special_.reserve(kSpecialNetworks.size());
  for (const SpecialNetwork& row : kSpecialNetworks) {
    special_.push_back(special_network(row.network));
  }
}

Result<AddressGuard> AddressGuard::parse(std::span<const std::string> allow_nets) {
  AddressGuard guard;
  for (const std::string& text : allow_nets) {
    auto network = parse_network(text);
    if (!network) {
      return fail(Errc::kInvalidArgument, text + " is no network such as 10.0.0.0/8 or fd00::/8");
    }
    // 10.0.0.1/8 is a slip of somebody who meant one host or the whole network.
    if (has_host_bits(*network)) {
      return fail(Errc::kInvalidArgument, text + " has bits set behind its prefix");
    }
    const bool maps_v4 = carries(*network, kMappedPrefix) && network->mask[11] == 0xff;
    guard.allowed_.push_back(maps_v4 ? embedded_v4(*network) : *network);
  }
  return guard;
}

bool AddressGuard::allows(const sockaddr& address) const {
  auto single = from_sockaddr(address);
  if (!single) return false;
  if (any_contains(allowed_, *single)) return true;
  // A host behind DNS64 reaches every IPv4 subscriber through the NAT64 prefix, so that cannot be
  // refused as a whole.
  if (carries(*single, kMappedPrefix) || carries(*single, kNat64Prefix)) {
    single = embedded_v4(*single);
    if (any_contains(allowed_, *single)) return true;
  }
  return !any_contains(special_, *single);
}

}  // namespace postrider::curl
