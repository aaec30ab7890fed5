#include "http/exchange.h"

#include "base/assert.h"

namespace postrider::http {
namespace {

bool is_plain(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

}  // namespace

Exchange& exchange_of(const httplib::Request& raw) {
  const auto* carrier = raw.progress.target<Carrier>();
  POSTRIDER_ASSERT(carrier != nullptr);
  return *carrier->exchange;
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

void put(Answer answer, httplib::Response& raw) {
  raw.status = answer.status;
  for (const auto& [name, value] : answer.headers) {
    // A line break would begin a header of the attacker's choice.
    if (is_plain(name) && is_plain(value)) raw.headers.emplace(name, value);
  }
  if (!answer.content_type.empty()) raw.set_header("Content-Type", answer.content_type);
  raw.body = std::move(answer.body);
}

std::string serialized_refusal(const Answer& answer) {
  std::string out = "HTTP/1.1 " + std::to_string(answer.status) + " Service Unavailable\r\n";
  for (const auto& [name, value] : answer.headers) {
    if (is_plain(name) && is_plain(value))
      out.append(name).append(": ").append(value).append("\r\n");
  }
  out += "Content-Type: " + answer.content_type + "\r\nConnection: close\r\nContent-Length: ";
  return out + std::to_string(answer.body.size()) + "\r\n\r\n" + answer.body;
}

Answer plain_error(int status, std::string_view detail, const Request&) {
  Answer answer;
  answer.status = status;
  answer.body = std::string(detail) + "\n";
  answer.content_type = "text/plain";
  return answer;
}

}  // namespace postrider::http
