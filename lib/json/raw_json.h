// Reads JSON without changing a byte: validates the whole text in one pass and returns the spans of
// the outer values.
//
// Written by hand because available parsers refuse valid JSON or accept invalid JSON: RapidJSON and
// nlohmann refuse 1E400 (RapidJSON even if numbers are kept as strings), and RapidJSON accepts a
// lone low surrogate and stops at a NUL byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/limits.h"

namespace postrider::json {

enum class Kind : std::uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };

/// One value of a text. Views point into the text that was parsed.
struct RawValue {
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  Kind kind = Kind::kNull;
  bool duplicate = false;        ///< an earlier member of the same object has the same name
  std::uint32_t parent = kNone;  ///< index of the array or object that holds it; kNone: the root
  std::uint32_t end = 0;         ///< index of the first value after it that is not inside it
  std::size_t count = 0;         ///< its members or elements, recorded or not
  std::string_view text;         ///< exactly its bytes, without surrounding white space
  std::string key;               ///< the name, decoded, when its parent is an object
};

/// The values down to a level, each before those inside it. values[0] is the root.
///
/// The children of `values[i]`: `for (c = i + 1; c < values[i].end; c = values[c].end)`.
struct RawDocument {
  std::vector<RawValue> values;
  bool truncated = false;  ///< there were more than `values_max`; the text is valid all the same
};

struct RawOptions {
  std::size_t levels = 1;  ///< 0: the root alone; 1: also its members; and so on
  std::size_t depth_max = limits::kJsonDepthMax;
  std::size_t values_max = limits::kRawValuesMax;
};

/// Validates `text` as one RFC 8259 value: strict grammar, UTF-8 without a BOM, no unpaired
/// surrogates, nesting at most `depth_max`. Numbers may have any size. Errors are kInvalidArgument
/// with line, column (in bytes) and what is wrong, without any of the text. Time is linear in the
/// text, memory in depth and recorded values.
[[nodiscard]] Result<RawDocument> parse_raw(std::string_view text, const RawOptions& options);

/// Decodes the `text` of a string, with its quotes, that parse_raw() has accepted, to UTF-8.
[[nodiscard]] std::string decode_string(std::string_view text);

/// Removes the white space between tokens of a text that parse_raw() has accepted. In any other
/// text it may remove white space up to the first string that is not well-formed.
[[nodiscard]] std::string minified(std::string_view text);

}  // namespace postrider::json
