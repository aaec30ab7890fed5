// What a commit means for other nodes, as text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "service/news.h"

namespace postrider {

/// Of a commit's effects, what concerns endpoints that other nodes send for.
[[nodiscard]] News news_for_others(const Effects& effects);

/// Whether there is anything in it for other nodes.
[[nodiscard]] bool says_anything(const News& news);

/// Messages of at most kNodeMessageBytesMax bytes that say the same, in order. Where that would be
/// very many, one says to look at everything.
[[nodiscard]] std::vector<std::string> encode_messages(const News& news);

/// What was encoded; kInvalidArgument when it is no message.
[[nodiscard]] Result<News> decode_message(std::string_view message);

}  // namespace postrider
