// These functions encode commits as text for other nodes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "service/news.h"

namespace postrider {

/// Returns the effects of a commit on endpoints that other nodes send for.
[[nodiscard]] News news_for_others(const Effects& effects);

/// Returns whether `news` contains anything for other nodes.
[[nodiscard]] bool says_anything(const News& news);

/// Returns messages of at most kNodeMessageBytesMax bytes that encode `news`, in order. If there
/// would be very many, one message that requests a full resync replaces them.
[[nodiscard]] std::vector<std::string> encode_messages(const News& news);

/// Decodes a message. Returns kInvalidArgument if it is malformed.
[[nodiscard]] Result<News> decode_message(std::string_view message);

}  // namespace postrider
