// Bodies of chat messages, cut to what the chat takes.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "destinations/provider.h"

namespace postrider::destinations {

/// How long a text may be that lies at `path`: JSON pointers where `*` stands for every element.
struct TextLimit {
  std::string_view path;
  std::size_t length_max;
};
/// How many elements an array may have.
struct ListLimit {
  std::string_view path;
  std::size_t count_max;
};

/// How a chat wants its messages.
struct Chat {
  std::string_view text_member;  ///< where a message that is text alone goes
  std::span<const TextLimit> texts;
  std::span<const ListLimit> lists;
  std::string_view bold;                          ///< stands on both sides of what is to be bold
  std::string_view bullet;                        ///< stands before a line
  std::string (*escaped)(std::string_view text);  ///< without what the chat takes for markup
  std::size_t readable_max;                       ///< how long a message without a template may be
};

/// The body of a message: what its template made, a string being the text and an object the whole
/// body, or else the event's type and data for people. What is too long in it is cut.
/// kInvalidArgument when a template made anything else.
[[nodiscard]] Result<nlohmann::json> chat_body(const Message& message, const Chat& chat);

/// As it goes out.
[[nodiscard]] Content json_content(const nlohmann::json& body);

}  // namespace postrider::destinations
