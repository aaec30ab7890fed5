// The head of a request, read from its raw bytes.
//
// httplib 0.11 percent-decodes header values, drops empty ones and believes any Content-Length, so
// what handlers see and how a body is delimited comes from here.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "http/message.h"

namespace postrider::http {

/// The last line end of a head and the empty line behind it.
inline constexpr std::string_view kHeadEnd = "\r\n\r\n";

struct RequestHead {
  Request request;                              ///< without path parameters and body
  std::optional<std::uint64_t> content_length;  ///< at most one, digits only
  bool chunked = false;
  bool expects_continue = false;
  bool close = false;  ///< the client asked for it, or speaks HTTP/1.0
};

/// `raw`: request line, header lines and the empty line, each with its line end.
/// kInvalidArgument names what is wrong: a malformed line, two lengths, a transfer coding other
/// than chunked.
[[nodiscard]] Result<RequestHead> parse_request_head(std::string_view raw);

}  // namespace postrider::http
