// Parses the HTTP/1.1 messages of load and sink: a head with a Content-Length, or without a body.
#pragma once

#include <cstddef>
#include <string_view>

namespace postrider::bench {

/// The message at the front of the received bytes.
struct Message {
  std::size_t head_bytes = 0;
  std::size_t bytes = 0;  ///< including its head; 0: not complete yet
};
[[nodiscard]] Message first_message(std::string_view in);

}  // namespace postrider::bench
