#include <algorithm>
#include <variant>

#include <fmt/format.h>

#include "domain/header_rules.h"
#include "signing/scheme.h"

namespace postrider::signing {
namespace {

constexpr std::string_view kPointer = "/signature";

/// Reads the members of one signature by the rules of its scheme, and sets missing ones to their
/// defaults.
class MemberReader {
 public:
  MemberReader(SignatureMembers& members, FieldErrors& errors)
      : members_(members), errors_(errors) {}

  void read(const MemberRule& rule) {
    const auto given = members_.find(rule.name);
    if (given == members_.end()) return fill(rule);
    if (rule.kind == MemberRule::Kind::kFlag) {
      if (!std::holds_alternative<bool>(given->second)) add(rule, "must be true or false");
      return;
    }
    const auto* text = std::get_if<std::string>(&given->second);
    if (text == nullptr) return add(rule, "must be a string");
    check_text(rule, *text);
  }

 private:
  void fill(const MemberRule& rule) {
    if (rule.required) return add(rule, "is required by this scheme");
    if (rule.kind == MemberRule::Kind::kFlag) {
      members_.emplace(rule.name, false);
    } else {
      members_.emplace(rule.name, std::string{rule.fallback});
    }
  }

  void check_text(const MemberRule& rule, const std::string& text) {
    // An empty text may be given explicitly where it is the default.
    if (text.empty() && !rule.required && rule.fallback.empty()) return;
    const std::string at = pointer_to(kPointer, rule.name);
    const auto& choices = rule.choices;
    if (!choices.empty()) {
      if (std::find(choices.begin(), choices.end(), text) != choices.end()) return;
      return add(rule, fmt::format("must be one of {}", fmt::join(choices, ", ")));
    }
    if (rule.kind == MemberRule::Kind::kHeaderName) return check_header(text, "-", at, errors_);
    if (rule.kind == MemberRule::Kind::kHttpsUrl && !text.starts_with("https://"))
      return add(rule, "must be a URL that begins with https://");
    // Every text becomes a header's value or the beginning of one.
    const bool is_prefix = rule.kind == MemberRule::Kind::kPrefix;
    check_header("x-any", is_prefix ? text + "x" : text, at, errors_);
  }

  void add(const MemberRule& rule, std::string detail) {
    errors_.push_back({pointer_to(kPointer, rule.name), std::move(detail)});
  }

  SignatureMembers& members_;
  FieldErrors& errors_;
};

std::string names_of(std::span<const MemberRule> rules) {
  if (rules.empty()) return "no members";
  std::string names;
  for (const MemberRule& rule : rules) {
    if (!names.empty()) names += ", ";
    names += rule.name;
  }
  return names;
}

}  // namespace

Signature check_signature(Signature given, FieldErrors& errors) {
  const Scheme* const scheme = find_scheme(given.scheme);
  if (scheme == nullptr) {
    errors.push_back(
        {pointer_to(kPointer, "scheme"),
         fmt::format("must be one of {}", fmt::join(scheme_names(), ", "))}
    );
    return given;
  }
  const auto rules = scheme->member_rules();
  for (const auto& member : given.members) {
    const std::string& name = member.first;
    const auto same = [&](const MemberRule& rule) { return rule.name == name; };
    if (std::any_of(rules.begin(), rules.end(), same)) continue;
    errors.push_back(
        {pointer_to(kPointer, name),
         fmt::format("is not a member of {}, which has {}", scheme->name(), names_of(rules))}
    );
  }
  MemberReader reader{given.members, errors};
  for (const MemberRule& rule : rules) reader.read(rule);
  return given;
}

std::string_view text_member(const SignatureMembers& members, std::string_view name) {
  const auto found = members.find(name);
  const auto* text = found == members.end() ? nullptr : std::get_if<std::string>(&found->second);
  return text == nullptr ? std::string_view{} : *text;
}

bool flag_member(const SignatureMembers& members, std::string_view name) {
  const auto found = members.find(name);
  const auto* flag = found == members.end() ? nullptr : std::get_if<bool>(&found->second);
  return flag != nullptr && *flag;
}

}  // namespace postrider::signing
