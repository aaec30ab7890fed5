#include "app/postrider/json_view.h"

#include <charconv>

#include <fmt/format.h>

namespace postrider::cli {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::size_t skip_space(std::string_view text, std::size_t at) {
  const std::size_t next = text.find_first_not_of(kSpace, at);
  return next == std::string_view::npos ? text.size() : next;
}

/// Past the closing quote of the string that begins at `at`; npos when it has none.
std::size_t skip_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return std::string_view::npos;
}

std::size_t skip_word(std::string_view text, std::size_t at) {
  const std::size_t begin = at;
  while (at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0 ||
                              text[at] == '-' || text[at] == '+' || text[at] == '.')) {
    ++at;
  }
  return at == begin ? std::string_view::npos : at;
}

/// Past the value that begins at `at`; npos when there is none.
std::size_t skip_value(std::string_view text, std::size_t at) {
  if (at >= text.size()) return std::string_view::npos;
  if (text[at] == '"') return skip_string(text, at);
  if (text[at] != '{' && text[at] != '[') return skip_word(text, at);
  std::string closers;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = skip_string(text, at);
      if (at == std::string_view::npos) return at;
      continue;
    }
    if (c == '{') closers += '}';
    if (c == '[') closers += ']';
    if (c == '}' || c == ']') {
      if (closers.back() != c) return std::string_view::npos;
      closers.pop_back();
    }
    ++at;
    if (closers.empty()) return at;
  }
  return std::string_view::npos;
}

/// Walks over the values of an array or object.
class Walker {
 public:
  explicit Walker(std::string_view container) : text_(container) {}

  /// The next value, its name before it in an object; empty at the end.
  std::string_view next(bool named, std::string_view& name) {
    at_ = skip_space(text_, at_);
    if (at_ < text_.size() && text_[at_] == ',') at_ = skip_space(text_, at_ + 1);
    if (named) {
      name = take();
      at_ = skip_space(text_, at_);
      if (at_ < text_.size() && text_[at_] == ':') at_ = skip_space(text_, at_ + 1);
    }
    return take();
  }

 private:
  std::string_view take() {
    const std::size_t end = skip_value(text_, at_);
    if (end == std::string_view::npos) {
      at_ = text_.size();
      return {};
    }
    const std::string_view value = text_.substr(at_, end - at_);
    at_ = end;
    return value;
  }

  std::string_view text_;
  std::size_t at_ = 1;  ///< past the bracket
};

void append_utf8(std::string& out, unsigned code) {
  const auto byte = [&out](unsigned value) { out += static_cast<char>(value); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xc0U | (code >> 6U));
    byte(0x80U | (code & 0x3fU));
  } else if (code < 0x10000) {
    byte(0xe0U | (code >> 12U));
    byte(0x80U | ((code >> 6U) & 0x3fU));
    byte(0x80U | (code & 0x3fU));
  } else {
    byte(0xf0U | (code >> 18U));
    byte(0x80U | ((code >> 12U) & 0x3fU));
    byte(0x80U | ((code >> 6U) & 0x3fU));
    byte(0x80U | (code & 0x3fU));
  }
}

unsigned hex4(std::string_view text, std::size_t at) {
  unsigned value = 0;
  if (at + 4 <= text.size()) {
    static_cast<void>(std::from_chars(text.data() + at, text.data() + at + 4, value, 16));
  }
  return value;
}

std::string unescaped(std::string_view quoted) {
  std::string out;
  const std::string_view text = quoted.substr(1, quoted.size() - 2);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    constexpr std::string_view kEscapes = "bfnrt";
    constexpr std::string_view kMeanings = "\b\f\n\r\t";
    const char escape = text[++i];
    const std::size_t known = kEscapes.find(escape);
    if (known != std::string_view::npos) {
      out += kMeanings[known];
    } else if (escape != 'u') {
      out += escape;
    } else {
      unsigned code = hex4(text, i + 1);
      i += 4;
      const bool high = code >= 0xd800 && code < 0xdc00 &&
                        text.substr(i + 1 < text.size() ? i + 1 : text.size()).starts_with("\\u");
      if (high) {
        code = 0x10000U + ((code - 0xd800U) << 10U) + ((hex4(text, i + 3) - 0xdc00U) & 0x3ffU);
        i += 6;
      }
      append_utf8(out, code);
    }
  }
  return out;
}

}  // namespace

JsonView::JsonView(std::string_view text) {
  const std::size_t begin = skip_space(text, 0);
  const std::size_t end = skip_value(text, begin);
  if (end != std::string_view::npos) raw_ = text.substr(begin, end - begin);
}

JsonView JsonView::operator[](std::string_view name) const {
  for (const auto& [key, value] : members()) {
    if (key == name) return value;
  }
  return {};
}

std::vector<JsonView> JsonView::elements() const {
  std::vector<JsonView> found;
  if (!is_array()) return found;
  Walker walker(raw_);
  std::string_view none;
  for (auto value = walker.next(false, none); !value.empty(); value = walker.next(false, none)) {
    found.emplace_back(value);
  }
  return found;
}

std::vector<std::pair<std::string, JsonView>> JsonView::members() const {
  std::vector<std::pair<std::string, JsonView>> found;
  if (!is_object()) return found;
  Walker walker(raw_);
  std::string_view name;
  for (auto value = walker.next(true, name); !value.empty(); value = walker.next(true, name)) {
    if (name.starts_with('"')) found.emplace_back(unescaped(name), JsonView(value));
  }
  return found;
}

std::string JsonView::text() const {
  if (is_null()) return {};
  return is_string() ? unescaped(raw_) : std::string(raw_);
}

std::optional<std::int64_t> JsonView::integer() const {
  std::int64_t value = 0;
  const char* end = raw_.data() + raw_.size();
  const auto [stop, error] = std::from_chars(raw_.data(), end, value);
  if (raw_.empty() || error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

bool is_one_json_value(std::string_view text) {
  const std::size_t end = skip_value(text, skip_space(text, 0));
  return end != std::string_view::npos && skip_space(text, end) == text.size();
}

std::string minified(std::string_view json) {
  std::string out;
  for (std::size_t at = skip_space(json, 0); at < json.size(); at = skip_space(json, at)) {
    std::size_t end = at + 1;
    if (json[at] == '"') end = std::min(skip_string(json, at), json.size());
    out += json.substr(at, end - at);
    at = end;
  }
  return out;
}

std::string json_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

void JsonObject::add_raw(std::string_view name, std::string_view json) {
  if (!members_.empty()) members_ += ',';
  members_ += json_quoted(name);
  members_ += ':';
  members_ += json;
}

void JsonObject::add_strings(std::string_view name, const std::vector<std::string>& values) {
  std::string json = "[";
  for (const std::string& value : values) {
    if (json.size() > 1) json += ',';
    json += json_quoted(value);
  }
  add_raw(name, json + "]");
}

}  // namespace postrider::cli
