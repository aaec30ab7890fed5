// The flags --scheme and --member, which describe the signature of an endpoint.
#pragma once

#include <string>
#include <vector>

#include "app/postrider/cli.h"
#include "base/error.h"
#include "signing/scheme.h"

namespace postrider::cli {

struct SchemeFlags {
  std::string scheme = "standard";
  std::vector<std::string> members;
};

struct ChosenScheme {
  const signing::Scheme* scheme = nullptr;
  SignatureMembers members;

  /// Returns the key with which a receiver verifies: the public key of the secret if the scheme has
  /// key pairs, otherwise the secret. Fails with kInvalidArgument when the secret is not valid in
  /// the scheme.
  [[nodiscard]] Result<std::string> receivers_key(const std::string& secret) const;
};

/// `flags` must outlive the command.
void add_scheme_flags(const Command& command, SchemeFlags& flags);

/// Fails with kInvalidArgument, with the flag's name, when the scheme does not exist or a member is
/// not valid.
[[nodiscard]] Result<ChosenScheme> chosen_scheme(const SchemeFlags& flags);

}  // namespace postrider::cli
