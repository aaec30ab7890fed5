// Which addresses a request may be sent to: the defence against server-side request forgery.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>

#include "base/error.h"

namespace postrider::curl {

/// A set of addresses of one family: those that agree with `address` in the bits of `mask`.
/// IPv4 uses the first four bytes.
struct Network {
  std::array<std::uint8_t, 16> address{};
  std::array<std::uint8_t, 16> mask{};
  bool v4 = false;
};

/// One entry of the special-purpose address registries.
struct SpecialNetwork {
  std::string_view network;  ///< CIDR, or address/mask where no prefix describes it
  std::string_view purpose;
};

/// All networks without ordinary public hosts. The tests check every row.
[[nodiscard]] std::span<const SpecialNetwork> special_networks();

/// Immutable after construction.
class AddressGuard {
 public:
  /// Admits public addresses only.
  AddressGuard();

  /// Also admits the networks in `allow_nets`: CIDRs or single addresses. kInvalidArgument names an
  /// invalid one.
  [[nodiscard]] static Result<AddressGuard> parse(std::span<const std::string> allow_nets);

  /// Whether a socket may be connected to `address`. An IPv4 address inside an IPv6 address
  /// (IPv4-mapped, NAT64) is treated as that IPv4 address. Other address families are refused.
  [[nodiscard]] bool allows(const sockaddr& address) const;

 private:
  std::vector<Network> special_;
  std::vector<Network> allowed_;
};

}  // namespace postrider::curl
