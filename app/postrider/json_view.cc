#include "app/postrider/json_view.h"

#include <limits>

#include "base/parse_number.h"
#include "json/raw_json.h"

namespace postrider::cli {
namespace {

/// Returns the value and, with `levels` 1, the values directly inside it; empty when it is not
/// well-formed.
std::vector<json::RawValue> values_of(std::string_view text, std::size_t levels) {
  constexpr auto kUnbounded = std::numeric_limits<std::size_t>::max();
  // The server bounds its responses. The depth is unbounded here because event data of maximum
  // depth is nested deeper in a response.
  auto document =
      json::parse_raw(text, {.levels = levels, .depth_max = kUnbounded, .values_max = kUnbounded});
  if (!document) return {};
  return std::move(document->values);
}

}  // namespace

JsonView::JsonView(std::string_view text) {
  const auto values = values_of(text, 0);
  if (!values.empty()) raw_ = values.front().text;
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
  const auto values = values_of(raw_, 1);
  found.resize(values.size() - 1);
  for (std::size_t i = 0; i < found.size(); ++i) found[i].raw_ = values[i + 1].text;
  return found;
}

std::vector<std::pair<std::string, JsonView>> JsonView::members() const {
  std::vector<std::pair<std::string, JsonView>> found;
  if (!is_object()) return found;
  auto values = values_of(raw_, 1);
  found.resize(values.size() - 1);
  for (std::size_t i = 0; i < found.size(); ++i) {
    found[i].first = std::move(values[i + 1].key);
    found[i].second.raw_ = values[i + 1].text;
  }
  return found;
}

std::string JsonView::text() const {
  if (is_null()) return {};
  return is_string() ? json::decode_string(raw_) : std::string(raw_);
}

std::optional<std::int64_t> JsonView::integer() const { return parse_number<std::int64_t>(raw_); }

}  // namespace postrider::cli
