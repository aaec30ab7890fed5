// The signature setting of an endpoint; see api.md, "Endpoints", and lib/signing.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <variant>

namespace postrider {

/// The members of a scheme besides `scheme`, by name.
using SignatureMembers = std::map<std::string, std::variant<bool, std::string>, std::less<>>;

struct Signature {
  std::string scheme = "standard";
  SignatureMembers members;

  bool operator==(const Signature&) const = default;
};

}  // namespace postrider
