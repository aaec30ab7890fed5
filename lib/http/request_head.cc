#include "http/request_head.h"

#include <algorithm>
#include <charconv>

namespace postrider::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

/// Lines end with CRLF and with nothing else: what one program takes for two lines and another for
/// one is how requests are smuggled past a proxy.
std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find(kLineEnd);
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + kLineEnd.size());
  return line;
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_token(std::string_view text) {
  constexpr std::string_view kSymbols = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kSymbols.find(c) != std::string_view::npos;
  });
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

bool lists(std::string_view header, std::string_view word) {
  while (!header.empty()) {
    const std::string_view item = header.substr(0, header.find(','));
    header.remove_prefix(std::min(header.size(), item.size() + 1));
    if (equals_ignoring_case(trim(item), word)) return true;
  }
  return false;
}

Status parse_request_line(std::string_view line, RequestHead& head) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || last == first) {
    return fail(Errc::kInvalidArgument, "The request line is malformed.");
  }
  Request& request = head.request;
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, last - first - 1);
  const bool one_word = request.target.find(' ') == std::string::npos;
  if (!is_token(request.method) || request.target.empty() || !one_word ||
      has_control(request.target)) {
    return fail(Errc::kInvalidArgument, "The request line is malformed.");
  }
  std::string_view target = request.target;
  target = target.substr(0, target.find('#'));
  const std::size_t question = target.find('?');
  request.path = percent_decode(target.substr(0, question), false);
  if (question != std::string_view::npos) {
    request.query = parse_query(target.substr(question + 1));
  }
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return fail(Errc::kInvalidArgument, "The request is not of HTTP/1.1 or HTTP/1.0.");
  }
  head.close = version == "HTTP/1.0";
  return {};
}

Status parse_fields(std::string_view rest, Headers& headers) {
  for (;;) {
    const std::string_view line = take_line(rest);
    if (line.empty() && rest.empty()) return {};
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
      return fail(Errc::kInvalidArgument, "A header line is malformed.");
    }
    const std::string_view value = trim(line.substr(colon + 1));
    if (has_control(value)) {
      return fail(Errc::kInvalidArgument, "A header value has control characters.");
    }
    headers.add(std::string(line.substr(0, colon)), std::string(value));
  }
}

Status read_length(RequestHead& head) {
  const Headers& headers = head.request.headers;
  const auto length = headers.find("content-length");
  if (!length) return {};
  std::uint64_t value = 0;
  const char* end = length->data() + length->size();
  const auto [stop, error] = std::from_chars(length->data(), end, value);
  if (headers.count("content-length") > 1 || error != std::errc{} || stop != end) {
    return fail(Errc::kInvalidArgument, "Content-Length must be one number.");
  }
  head.content_length = value;
  return {};
}

Status read_framing(RequestHead& head) {
  const Headers& headers = head.request.headers;
  if (auto status = read_length(head); !status) return status;
  if (const auto coding = headers.find("transfer-encoding")) {
    if (!equals_ignoring_case(*coding, "chunked") || headers.count("transfer-encoding") > 1) {
      return fail(Errc::kInvalidArgument, "The only transfer coding understood is chunked.");
    }
    // Two ways to say where a body ends are how requests are smuggled past a proxy.
    if (head.content_length) {
      return fail(
          Errc::kInvalidArgument, "Content-Length and Transfer-Encoding exclude each other."
      );
    }
    head.chunked = true;
  }
  return {};
}

}  // namespace

Result<RequestHead> parse_request_head(std::string_view raw) {
  if (!raw.ends_with(kHeadEnd))
    return fail(Errc::kInvalidArgument, "The head does not end with an empty line.");
  RequestHead head;
  if (auto status = parse_request_line(take_line(raw), head); !status) {
    return tl::unexpected(status.error());
  }
  const auto fields = parse_fields(raw, head.request.headers);
  if (!fields) return tl::unexpected(fields.error());
  if (auto status = read_framing(head); !status) return tl::unexpected(status.error());
  const std::string_view connection = head.request.headers.get("connection");
  head.close = lists(connection, "close") || (head.close && !lists(connection, "keep-alive"));
  head.expects_continue = equals_ignoring_case(head.request.headers.get("expect"), "100-continue");
  return head;
}

}  // namespace postrider::http
