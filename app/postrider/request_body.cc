#include "app/postrider/request_body.h"

#include "app/postrider/input.h"
#include "json/utf8.h"

namespace postrider::cli {

void RequestBody::wrong(std::string what) {
  if (problem_.empty()) problem_ = std::move(what);
}

std::string& RequestBody::begin(std::string_view name) {
  empty_ = false;
  if (!json::is_utf8(name)) {
    wrong("the name of a member is not valid UTF-8");
  }
  return object_.begin_escaped(name);
}

void RequestBody::append_text(std::string& out, std::string_view name, std::string_view text) {
  if (!json::is_utf8(text)) {
    wrong(std::string(name) + " is not valid UTF-8");
  }
  json::append_json_string(out, text);
}

void RequestBody::add(std::string_view name, std::string_view text) {
  append_text(begin(name), name, text);
}

void RequestBody::add_json(std::string_view name, std::string_view json, std::string_view what) {
  if (auto checked = check_json(json, what); !checked) wrong(checked.error().context);
  begin(name) += json;
}

void RequestBody::add_result(
    std::string_view name, const Result<std::string>& json, std::string_view what
) {
  if (!json) return wrong(json.error().context);
  add_json(name, *json, what);
}

void RequestBody::add_given(std::string_view name, const std::optional<std::string>& text) {
  if (text) add(name, *text);
}

void RequestBody::add_given(std::string_view name, const std::optional<std::int64_t>& number) {
  if (number) begin(name) += std::to_string(*number);
}

void RequestBody::add_given(std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json::JsonArray list(begin(name));
  for (const std::string& text : texts) append_text(list.next(), name, text);
  list.end();
}

void RequestBody::add_true(std::string_view name, bool given) {
  if (given) begin(name) += "true";
}

Result<std::string> RequestBody::take() {
  if (!problem_.empty()) return fail(Errc::kInvalidArgument, std::move(problem_));
  object_.end();
  return std::move(text_);
}

}  // namespace postrider::cli
