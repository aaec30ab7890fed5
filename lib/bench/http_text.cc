#include "bench/http_text.h"

#include <charconv>

#include "http/request_head.h"

namespace postrider::bench {

Message first_message(std::string_view in) {
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  const std::size_t end = in.find(http::kHeadEnd);
  if (end == std::string_view::npos) return {};
  const std::size_t head = end + http::kHeadEnd.size();
  const std::size_t length = in.substr(0, end).find(kLength);
  std::size_t body = 0;
  if (length != std::string_view::npos) {
    std::from_chars(in.data() + length + kLength.size(), in.data() + end, body);
  }
  if (in.size() < head + body) return {};
  return {head, head + body};
}

}  // namespace postrider::bench
