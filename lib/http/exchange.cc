#include "http/exchange.h"

#include "base/assert.h"

namespace postrider::http {
namespace {

/// The reason phrase of a status that the server itself writes. RFC 9112 allows an empty one.
std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "";
  }
}

bool is_plain(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

}  // namespace

Exchange& exchange_of(const httplib::Request& raw) {
  const auto* carrier = raw.progress.target<ExchangeHandle>();
  POSTRIDER_ASSERT(carrier != nullptr);
  return *carrier->exchange;
}

bool read_head(Exchange& exchange, std::size_t bytes_max) {
  SocketStream& stream = exchange.connection.stream;
  std::string_view raw;
  const auto read = stream.read_head(raw);
  if (read == SocketStream::HeadRead::kBroken) return false;
  const auto refuse_with = [&](int status, std::string detail) {
    exchange.refused = status;
    exchange.refused_detail = std::move(detail);
    exchange.close = true;
  };
  if (read == SocketStream::HeadRead::kTooLarge) {
    refuse_with(431, "The head is larger than " + std::to_string(bytes_max) + " bytes.");
  } else if (read == SocketStream::HeadRead::kMalformed) {
    refuse_with(400, "The request is not HTTP/1.1, or ends within its head.");
  } else if (auto head = parse_request_head(raw)) {
    exchange.head = std::move(*head);
    exchange.has_body = exchange.head.chunked || exchange.head.content_length.value_or(0) > 0;
    // httplib reads no body of one.
    if (exchange.head.request.method == "HEAD" && exchange.has_body) exchange.close = true;
  } else {
    refuse_with(400, std::move(head).error().context);
  }
  exchange.head.request.remote_address = stream.remote_address();
  return true;
}

std::string framing_of(const Exchange& exchange) {
  const RequestHead& head = exchange.head;
  std::string text = exchange.has_body ? "POST" : "GET";
  if (head.request.method == "HEAD") text = "HEAD";
  text += " / HTTP/1.1\r\n";
  if (head.chunked) {
    text += "Transfer-Encoding: chunked\r\n";
  } else if (exchange.has_body) {
    text += "Content-Length: " + std::to_string(*head.content_length) + "\r\n";
  }
  if (exchange.close || head.close) text += "Connection: close\r\n";
  return text += "\r\n";
}

void put(Response answer, httplib::Response& raw) {
  raw.status = answer.status;
  for (const auto& [name, value] : answer.headers) {
    // A line break would begin a header of the attacker's choice.
    if (is_plain(name) && is_plain(value)) raw.headers.emplace(name, value);
  }
  if (!answer.content_type.empty()) raw.set_header("Content-Type", answer.content_type);
  raw.body = std::move(answer.body);
}

std::string serialized(const Response& answer, std::chrono::seconds keep_alive) {
  std::string out = "HTTP/1.1 " + std::to_string(answer.status) + " ";
  out.append(reason_phrase(answer.status)).append("\r\n");
  const auto add = [&out](std::string_view name, std::string_view value) {
    if (is_plain(name) && is_plain(value))
      out.append(name).append(": ").append(value).append("\r\n");
  };
  for (const auto& [name, value] : answer.headers) add(name, value);
  if (!answer.content_type.empty()) add("Content-Type", answer.content_type);
  if (keep_alive.count() > 0) {
    add("Keep-Alive", "timeout=" + std::to_string(keep_alive.count()));
  } else {
    add("Connection", "close");
  }
  add("Content-Length", std::to_string(answer.body.size()));
  return out.append("\r\n").append(answer.body);
}

Response plain_error(int status, std::string_view detail, const Request&) {
  Response answer;
  answer.status = status;
  answer.body = std::string(detail) + "\n";
  answer.content_type = "text/plain";
  return answer;
}

}  // namespace postrider::http
