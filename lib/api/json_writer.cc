#include "api/json_writer.h"

#include <cmath>
#include <iterator>

#include <fmt/format.h>

namespace postrider::api {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool is_continuation(unsigned char byte) { return (byte & 0xC0U) == 0x80U; }

/// The length of the well-formed sequence at the start of `text`, which is not ASCII; 0 when there
/// is none.
std::size_t sequence_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  const std::size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                             : lead >= 0xE0 && lead <= 0xEF ? 3
                             : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                            : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(at(i))) return 0;
  }
  // Overlong forms, surrogates and what lies above U+10FFFF show in the second byte.
  const unsigned char second = at(1);
  if (lead == 0xE0 && second < 0xA0) return 0;
  if (lead == 0xED && second > 0x9F) return 0;
  if (lead == 0xF0 && second < 0x90) return 0;
  if (lead == 0xF4 && second > 0x8F) return 0;
  return length;
}

void append_ascii(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte < 0x20 || byte == 0x7F) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
  } else {
    out += c;
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      append_ascii(out, text[i++]);
      continue;
    }
    const std::size_t length = sequence_length(text.substr(i));
    out += length == 0 ? kReplacement : text.substr(i, length);
    i += length == 0 ? 1 : length;
  }
  out += '"';
}

std::string& JsonObject::begin(std::string_view name) {
  if (!first_) out_ += ',';
  first_ = false;
  out_ += '"';
  out_ += name;
  out_ += "\":";
  return out_;
}

JsonObject& JsonObject::text(std::string_view name, std::string_view value) {
  append_json_string(begin(name), value);
  return *this;
}

JsonObject& JsonObject::text_or_null(std::string_view name, std::string_view value) {
  return value.empty() ? raw(name, "null") : text(name, value);
}

JsonObject& JsonObject::number(std::string_view name, std::int64_t value) {
  fmt::format_to(std::back_inserter(begin(name)), "{}", value);
  return *this;
}

JsonObject& JsonObject::number(std::string_view name, std::optional<double> value) {
  if (!value || !std::isfinite(*value)) return raw(name, "null");
  fmt::format_to(std::back_inserter(begin(name)), "{}", *value);
  return *this;
}

JsonObject& JsonObject::boolean(std::string_view name, bool value) {
  return raw(name, value ? "true" : "false");
}

JsonObject& JsonObject::instant(std::string_view name, WallTime value) {
  return raw(name, fmt::format("\"{}\"", to_rfc3339(value)));
}

JsonObject& JsonObject::instant(std::string_view name, std::optional<WallTime> value) {
  return value ? instant(name, *value) : raw(name, "null");
}

JsonObject& JsonObject::raw(std::string_view name, std::string_view json) {
  begin(name) += json;
  return *this;
}

JsonObject& JsonObject::members_of(std::string_view object) {
  if (object.size() <= 2) return *this;
  if (!first_) out_ += ',';
  first_ = false;
  out_ += object.substr(1, object.size() - 2);
  return *this;
}

std::string& JsonArray::next() {
  if (!first_) out_ += ',';
  first_ = false;
  return out_;
}

}  // namespace postrider::api
