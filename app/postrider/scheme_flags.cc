#include "app/postrider/scheme_flags.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace postrider::cli {
namespace {

bool is_flag(std::string_view scheme_name, std::string_view member) {
  const signing::Scheme* scheme = signing::find_scheme(scheme_name);
  if (scheme == nullptr) return false;
  const auto rules = scheme->member_rules();
  return std::any_of(rules.begin(), rules.end(), [&](const signing::MemberRule& rule) {
    return rule.name == member && rule.kind == signing::MemberRule::Kind::kFlag;
  });
}

}  // namespace

Result<std::string> ChosenScheme::receivers_key(const std::string& secret) const {
  if (auto status = scheme->check_secret(secret); !status)
    return fail(Errc::kInvalidArgument, "--secret: " + status.error().context);
  return scheme->public_key(secret).value_or(secret);
}

void add_scheme_flags(const Command& command, SchemeFlags& flags) {
  command.text(
      "scheme", flags.scheme, fmt::format("One of {}", fmt::join(signing::scheme_names(), ", "))
  );
  command.list(
      "member", flags.members, "NAME=VALUE, a member of the endpoint's signature; repeatable"
  );
}

Result<ChosenScheme> chosen_scheme(const SchemeFlags& flags) {
  Signature signature{.scheme = flags.scheme, .members = {}};
  for (const std::string& member : flags.members) {
    const std::size_t equals = member.find('=');
    if (equals == std::string::npos)
      return fail(Errc::kInvalidArgument, "--member must be NAME=VALUE");
    const std::string name = member.substr(0, equals);
    const std::string value = member.substr(equals + 1);
    auto& kept = signature.members[name];
    kept = value;
    if (is_flag(flags.scheme, name) && (value == "true" || value == "false"))
      kept = value == "true";
  }
  FieldErrors errors;
  signature = signing::check_signature(std::move(signature), errors);
  if (!errors.empty()) {
    const auto& [pointer, detail, too_large] = errors.front();
    const std::string name = pointer.substr(pointer.rfind('/') + 1);
    return fail(
        Errc::kInvalidArgument,
        name == "scheme" ? "--scheme " + detail : fmt::format("--member: {} {}", name, detail)
    );
  }
  return ChosenScheme{signing::find_scheme(signature.scheme), std::move(signature.members)};
}

}  // namespace postrider::cli
