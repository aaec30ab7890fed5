// HTTP/1.1 as load and sink meet it: a head with a Content-Length, or without a body.
#pragma once

#include <cstddef>
#include <string_view>

namespace postrider::bench {

/// A message at the front of what came in.
struct Message {
  std::size_t head_bytes = 0;
  std::size_t bytes = 0;  ///< with its head; 0: it is not complete yet
};
[[nodiscard]] Message first_message(std::string_view in);

}  // namespace postrider::bench
