// Holds parse_raw() against a second parser and against itself.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "json/raw_json.h"

namespace {

using postrider::json::Kind;
using postrider::json::RawDocument;

void require(bool condition) {
  if (!condition) std::abort();
}

/// Every span is a value by itself, lies within its parent's, and has the bytes of the text.
void check_spans(const RawDocument& document, std::string_view text) {
  for (const auto& value : document.values) {
    require(value.text.data() >= text.data());
    require(value.text.data() + value.text.size() <= text.data() + text.size());
    require(postrider::json::parse_raw(value.text, {.levels = 0}).has_value());
    if (value.parent == postrider::json::RawValue::kNone) continue;
    const auto& parent = document.values[value.parent];
    require(parent.text.data() < value.text.data());
    require(parent.text.size() > value.text.size());
  }
}

/// The other parser refuses numbers that no double holds, takes any depth and a byte order mark,
/// and ends at a NUL; in all else the two agree.
void check_against_other(const std::string& text, bool accepted, const RawDocument* document) {
  if (text.starts_with("\xEF\xBB\xBF")) return require(!accepted);
  if (text.find('\0') != std::string::npos) return require(!accepted);
  const auto other = nlohmann::json::parse(text, nullptr, false);
  const bool other_accepts = !other.is_discarded();
  const bool has_number = text.find_first_of("0123456789") != std::string::npos;
  if (accepted && !other_accepts) require(has_number);
  const bool may_be_deep = text.size() > 2 * postrider::limits::kJsonDepthMax;
  if (!accepted && other_accepts) require(may_be_deep);
  if (!accepted || !other_accepts) return;
  const auto& root = document->values[0];
  require((root.kind == Kind::kObject) == other.is_object());
  require((root.kind == Kind::kArray) == other.is_array());
  if (root.kind == Kind::kArray) require(root.count == other.size());
  if (root.kind == Kind::kString) {
    require(postrider::json::decode_string(root.text) == other.get_ref<const std::string&>());
  }
  if (root.kind != Kind::kObject) return;
  for (const auto& value : document->values) {
    if (value.parent == 0) require(other.contains(value.key));
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const auto document = postrider::json::parse_raw(text, {.levels = 2});
  check_against_other(text, document.has_value(), document ? &*document : nullptr);
  if (document) {
    check_spans(*document, text);
  } else {
    require(document.error().context.starts_with("line "));
  }
  return 0;
}
