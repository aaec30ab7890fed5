#include "signing/scheme.h"

#include <algorithm>

#include "signing/standard.h"

namespace postrider::signing {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

const Scheme* find_scheme(std::string_view name) {
  for (const Scheme* scheme : {&standard()}) {
    if (scheme->name() == name) return scheme;
  }
  return nullptr;
}

const std::string* find_header(
    std::span<const std::pair<std::string, std::string>> headers, std::string_view name
) {
  const auto same = [](char received, char wanted) { return lower(received) == wanted; };
  for (const auto& [received, value] : headers) {
    if (std::equal(received.begin(), received.end(), name.begin(), name.end(), same)) return &value;
  }
  return nullptr;
}

}  // namespace postrider::signing
