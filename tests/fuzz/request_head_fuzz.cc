// Heads of requests as anybody may send them: what is taken must mean one thing only.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "http/request_head.h"

namespace {

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1))
    ++found;
  return found;
}

bool is_one_line(std::string_view text) {
  return text.find_first_of("\r\n") == std::string_view::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view raw{reinterpret_cast<const char*>(data), size};
  const auto head = postrider::http::parse_request_head(raw);
  if (!head) return 0;
  const auto& request = head->request;
  POSTRIDER_ASSERT(is_one_line(request.method) && is_one_line(request.target));
  POSTRIDER_ASSERT(request.target.find(' ') == std::string::npos);
  const auto fields =
      static_cast<std::size_t>(std::distance(request.headers.begin(), request.headers.end()));
  // Nothing but the request line, the fields and the empty line.
  POSTRIDER_ASSERT(fields + 2 == count(raw, "\r\n"));
  for (const auto& [name, value] : request.headers)
    POSTRIDER_ASSERT(is_one_line(name) && is_one_line(value));
  POSTRIDER_ASSERT(!(head->chunked && head->content_length));
  return 0;
}
