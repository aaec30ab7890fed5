#include "json/raw_scanner.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "json/raw_json.h"
#include "json/utf8.h"

namespace postrider::json {
namespace {

constexpr std::uint64_t each_byte(std::uint8_t byte) { return 0x0101010101010101ULL * byte; }

/// Whether all eight bytes are ASCII, printable and neither quote nor backslash. May say no without
/// need, never yes.
bool all_plain(std::uint64_t word) {
  const auto has_zero = [](std::uint64_t x) { return (x - each_byte(0x01)) & ~x; };
  const std::uint64_t special = word | has_zero(word ^ each_byte('"')) |
                                has_zero(word ^ each_byte('\\')) | (word - each_byte(0x20));
  return (special & each_byte(0x80)) == 0;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_high_surrogate(unsigned unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool is_low_surrogate(unsigned unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

void append_utf8(std::string& out, unsigned code) {
  const auto put = [&](unsigned byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0U | (code >> 6U));
    put(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    put(0xE0U | (code >> 12U));
    put(0x80U | ((code >> 6U) & 0x3FU));
    put(0x80U | (code & 0x3FU));
  } else {
    put(0xF0U | (code >> 18U));
    put(0x80U | ((code >> 12U) & 0x3FU));
    put(0x80U | ((code >> 6U) & 0x3FU));
    put(0x80U | (code & 0x3FU));
  }
}

unsigned unit_at(std::string_view text, std::size_t at) {
  unsigned unit = 0;
  for (const char c : text.substr(at, 4)) unit = unit * 16 + static_cast<unsigned>(hex_value(c));
  return unit;
}

char simple_escape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;
  }
}

}  // namespace

bool Scanner::accept(std::string_view word) {
  const std::string_view ahead{at_, static_cast<std::size_t>(end_ - at_)};
  if (!ahead.starts_with(word)) return false;
  at_ += word.size();
  return true;
}

void Scanner::skip_plain() {
  std::uint64_t word = 0;
  while (static_cast<std::size_t>(end_ - at_) >= sizeof word) {
    std::memcpy(&word, at_, sizeof word);
    if (!all_plain(word)) return;
    at_ += sizeof word;
  }
}

bool Scanner::string() {
  const char* const from = at_++;
  for (;;) {
    skip_plain();
    if (at_ == end_) return fail_at(from, "the string that begins here does not end");
    const auto byte = static_cast<unsigned char>(*at_);
    if (byte == '"') {
      ++at_;
      return true;
    }
    if (byte == '\\') {
      if (!escape()) return false;
    } else if (byte < 0x20) {
      return fail_at(at_, "a control character in a string has to be escaped");
    } else if (byte < 0x80) {
      ++at_;
    } else if (!utf8()) {
      return false;
    }
  }
}

bool Scanner::escape() {
  const char* const from = at_++;
  const char kind = peek();
  if (kind != 'u') {
    if (kind == '\0' || std::strchr("\"\\/bfnrt", kind) == nullptr) {
      return fail_at(from, "there is no such escape");
    }
    ++at_;
    return true;
  }
  ++at_;
  unsigned unit = 0;
  if (!hex4(unit)) return fail_at(from, "\\u needs four hexadecimal digits");
  if (is_low_surrogate(unit)) return fail_at(from, "a low surrogate needs a high one before it");
  if (!is_high_surrogate(unit)) return true;
  if (!accept("\\u") || !hex4(unit) || !is_low_surrogate(unit)) {
    return fail_at(from, "a high surrogate needs a low one after it");
  }
  return true;
}

bool Scanner::hex4(unsigned& unit) {
  if (end_ - at_ < 4) return false;
  unit = 0;
  for (int i = 0; i < 4; ++i) {
    const int value = hex_value(*at_++);
    if (value < 0) return false;
    unit = unit * 16 + static_cast<unsigned>(value);
  }
  return true;
}

bool Scanner::utf8() {
  const std::size_t length = utf8_length({at_, static_cast<std::size_t>(end_ - at_)});
  if (length == 0) return fail_at(at_, "the text is not valid UTF-8");
  at_ += length;
  return true;
}

bool Scanner::digits(const char* what) {
  if (!is_digit(peek())) return fail_at(at_, what);
  while (is_digit(peek())) ++at_;
  return true;
}

bool Scanner::number() {
  const bool negative = accept("-");
  if (!is_digit(peek())) {
    if (negative) return fail_at(at_, "a digit is expected after the minus sign");
    return fail_at(
        at_, at_end() ? "the text ends where a value is expected" : "a value is expected"
    );
  }
  if (accept("0")) {
    if (is_digit(peek())) return fail_at(at_, "a number has no leading zero");
  } else if (!digits("a digit is expected")) {
    return false;
  }
  if (accept(".") && !digits("a digit is expected after the decimal point")) return false;
  if (accept("e") || accept("E")) {
    if (!accept("+")) accept("-");
    return digits("a digit is expected in the exponent");
  }
  return true;
}

bool Scanner::boolean() {
  return accept("true") || accept("false") || fail_at(at_, "a value is expected");
}

bool Scanner::null() { return accept("null") || fail_at(at_, "a value is expected"); }

bool Scanner::fail_at(const char* where, const char* what) {
  if (!failed()) {
    failed_at_ = where;
    what_ = what;
  }
  return false;
}

void Scanner::fail_here(std::string what) {
  if (failed()) return;
  failed_at_ = at_;
  what_ = at_end() ? what + ", but the text ends" : std::move(what);
}

std::string Scanner::problem() const {
  const auto lines = std::count(begin_, failed_at_, '\n');
  const char* line = failed_at_;
  while (line != begin_ && line[-1] != '\n') --line;
  return fmt::format("line {}, column {}: {}", lines + 1, failed_at_ - line + 1, what_);
}

std::string decode_string(std::string_view text) {
  text.remove_prefix(1);
  text.remove_suffix(1);
  std::string out;
  out.reserve(text.size());
  for (;;) {
    const auto plain = std::min(text.find('\\'), text.size());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return out;
    if (text[1] != 'u') {
      out.push_back(simple_escape(text[1]));
      text.remove_prefix(2);
      continue;
    }
    unsigned code = unit_at(text, 2);
    text.remove_prefix(6);
    if (is_high_surrogate(code)) {
      code = 0x10000 + ((code - 0xD800) << 10U) + (unit_at(text, 2) - 0xDC00);
      text.remove_prefix(6);
    }
    append_utf8(out, code);
  }
}

std::string minified(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  Scanner scan(text);
  for (scan.skip_space(); !scan.at_end(); scan.skip_space()) {
    const std::size_t from = scan.offset();
    if (scan.peek() != '"') {
      scan.advance();
    } else if (!scan.string()) {
      return out.append(text.substr(from));
    }
    out += scan.since(from);
  }
  return out;
}

}  // namespace postrider::json
