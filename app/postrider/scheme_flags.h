// --scheme and --member: a signature as an endpoint would have it.
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

  /// What a receiver checks with: of a secret its public key, where the scheme has key pairs.
  /// kInvalidArgument when the secret is none of the scheme.
  [[nodiscard]] Result<std::string> receivers_key(const std::string& secret) const;
};

/// `flags` outlives the command.
void add_scheme_flags(const Command& command, SchemeFlags& flags);

/// kInvalidArgument, naming the flag, when there is no such scheme or a member is not right.
[[nodiscard]] Result<ChosenScheme> chosen_scheme(const SchemeFlags& flags);

}  // namespace postrider::cli
