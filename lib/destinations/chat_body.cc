#include "destinations/chat_body.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "destinations/text.h"

namespace postrider::destinations {
namespace {

/// Calls `act` on each value at `path`, which begins with a slash.
template <class Act>
// NOLINTNEXTLINE(misc-no-recursion): as deep as the path, which is a literal
void at_each(nlohmann::json& value, std::string_view path, const Act& act) {
  if (path.empty()) return act(value);
  const std::size_t end = path.find('/', 1);
  const std::string_view step = path.substr(1, end == std::string_view::npos ? end : end - 1);
  const std::string_view rest = end == std::string_view::npos ? "" : path.substr(end);
  if (step == "*") {
    if (!value.is_array()) return;
    for (nlohmann::json& element : value) at_each(element, rest, act);
    return;
  }
  if (!value.is_object()) return;
  const auto member = value.find(step);
  if (member != value.end()) at_each(*member, rest, act);
}

void cut_to(nlohmann::json& body, const Chat& chat) {
  for (const ListLimit& limit : chat.lists) {
    at_each(body, limit.path, [&](nlohmann::json& list) {
      if (!list.is_array() || list.size() <= limit.count_max) return;
      list.erase(
          list.begin() + static_cast<nlohmann::json::difference_type>(limit.count_max), list.end()
      );
    });
  }
  for (const TextLimit& limit : chat.texts) {
    at_each(body, limit.path, [&](nlohmann::json& text) {
      if (text.is_string()) text = cut(text.get_ref<const std::string&>(), limit.length_max);
    });
  }
}

std::string readable_text(const Event& event, const Chat& chat) {
  const auto bold = [&](std::string_view text) {
    return fmt::format("{}{}{}", chat.bold, chat.escaped(text), chat.bold);
  };
  std::string text = bold(event.type);
  for (const auto& [name, value] : readable_lines(event.data)) {
    text.append("\n").append(chat.bullet);
    if (!name.empty()) text.append(bold(name)).append(": ");
    text += chat.escaped(value);
  }
  return cut(text, chat.readable_max);
}

}  // namespace

Result<nlohmann::json> chat_body(const Message& message, const Chat& chat) {
  nlohmann::json made = message.outputs.empty()
                            ? nlohmann::json(readable_text(message.event, chat))
                            : nlohmann::json::parse(message.outputs.front(), nullptr, false);
  if (made.is_string()) {
    nlohmann::json text = nlohmann::json::object();
    text[std::string{chat.text_member}] = std::move(made);
    made = std::move(text);
  }
  if (!made.is_object()) {
    return fail(Errc::kInvalidArgument, "the template's output is neither a string nor an object");
  }
  cut_to(made, chat);
  return made;
}

Content json_content(const nlohmann::json& body) {
  return {
      body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), "application/json", {}};
}

}  // namespace postrider::destinations
