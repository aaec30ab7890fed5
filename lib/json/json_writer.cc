#include "json/json_writer.h"

#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "json/utf8.h"

namespace postrider::json {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

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
    const std::size_t length = utf8_length(text.substr(i));
    out += length == 0 ? kReplacement : text.substr(i, length);
    i += length == 0 ? 1 : length;
  }
  out += '"';
}

std::string& JsonObject::begin(std::string_view name) {
  separate();
  out_ += '"';
  out_ += name;
  out_ += "\":";
  return out_;
}

std::string& JsonObject::begin_escaped(std::string_view name) {
  separate();
  append_json_string(out_, name);
  return out_ += ':';
}

void JsonObject::separate() {
  if (!first_) out_ += ',';
  first_ = false;
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
  separate();
  out_ += object.substr(1, object.size() - 2);
  return *this;
}

std::string& JsonArray::next() {
  if (!first_) out_ += ',';
  first_ = false;
  return out_;
}

}  // namespace postrider::json
