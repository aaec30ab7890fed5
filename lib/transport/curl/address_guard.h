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

/// One line of the special-purpose address registries.
struct SpecialNetwork {
  std::string_view network;  ///< CIDR, or address/mask where no prefix describes it
  std::string_view purpose;
};

/// Everything that is no ordinary public host. The tests walk it row by row.
[[nodiscard]] std::span<const SpecialNetwork> special_networks();

/// Immutable after construction.
class AddressGuard {
 public:
  /// Admits public addresses only.
  AddressGuard();

  /// Admits besides what `allow_nets` contain: CIDRs, or single addresses. kInvalidArgument names
  /// the one that is none.
  [[nodiscard]] static Result<AddressGuard> parse(std::span<const std::string> allow_nets);

  /// Whether a socket may be connected to `address`. An IPv4 address inside of an IPv6 one
  /// (IPv4-mapped, NAT64) is judged as that IPv4 address. Families other than IP are refused.
  [[nodiscard]] bool allows(const sockaddr& address) const;

 private:
  std::vector<Network> special_;
  std::vector<Network> allowed_;
};

}  // namespace postrider::curl
