// How requests to an endpoint are signed; see api.md, "Endpoints", and lib/signing.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <variant>

namespace postrider {

/// A scheme's own members besides `scheme`, by name.
using SignatureMembers = std::map<std::string, std::variant<bool, std::string>, std::less<>>;

struct Signature {
  std::string scheme = "standard";
  SignatureMembers members;

  bool operator==(const Signature&) const = default;
};

}  // namespace postrider
