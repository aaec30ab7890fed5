// Bodies of chat messages, truncated to the limits of the chat.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "destinations/provider.h"

namespace postrider::destinations {

/// The maximum length of the texts at `path`: a JSON pointer in which `*` stands for every element.
struct TextLimit {
  std::string_view path;
  std::size_t length_max;
};
/// The maximum number of elements of the arrays at `path`.
struct ListLimit {
  std::string_view path;
  std::size_t count_max;
};

/// The format and the limits of a chat's messages.
struct Chat {
  std::string_view text_member;  ///< the member of a message that is only text
  std::span<const TextLimit> texts;
  std::span<const ListLimit> lists;
  std::string_view bold;                          ///< put on both sides of bold text
  std::string_view bullet;                        ///< put before each line
  std::string (*escaped)(std::string_view text);  ///< escapes the chat's markup
  std::size_t readable_max;  ///< maximum length of a message without a template
};

/// Returns the body of a message. If the template returned a string, that is the text; an object is
/// the whole body. Without a template, the message is the event's type and data in readable form.
/// Texts and arrays that are too long are truncated. Fails with kInvalidArgument when the template
/// returned anything else.
[[nodiscard]] Result<nlohmann::json> chat_body(const Message& message, const Chat& chat);

/// Serializes the body as it is sent.
[[nodiscard]] Content json_content(const nlohmann::json& body);

}  // namespace postrider::destinations
