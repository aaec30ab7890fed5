#include "domain/ordering.h"

#include <array>
#include <utility>

namespace postrider {
namespace {

constexpr std::array<std::pair<std::string_view, Ordering>, 3> kNames = {{
    {"none", Ordering::kNone},
    {"key", Ordering::kKey},
    {"strict", Ordering::kStrict},
}};

}  // namespace

std::string_view to_string(Ordering ordering) {
  for (const auto& [name, value] : kNames) {
    if (value == ordering) return name;
  }
  return {};
}

Result<Ordering> parse_ordering(std::string_view text) {
  for (const auto& [name, value] : kNames) {
    if (name == text) return value;
  }
  return fail(Errc::kInvalidArgument, "no such ordering");
}

}  // namespace postrider
