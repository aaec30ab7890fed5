#include "app/postrider/receiver.h"

#include <fmt/format.h>

#include "app/postrider/json_view.h"
#include "app/postrider/table.h"
#include "base/limits.h"
#include "crypto/encoding.h"
#include "signing/standard.h"

namespace postrider::cli {
namespace {

constexpr int kFailureStatus = 500;
constexpr std::size_t kShownBodyMax = 4096;

http::ServerOptions server_options(const ReceiverOptions& options) {
  http::ServerOptions server;
  server.host = options.host;
  server.port = options.port;
  // A delay holds a thread, and the sender may have this many requests in flight.
  server.threads = 64;
  server.streams_max = 0;
  server.reserve_threads = 0;
  server.body_bytes_max = limits::kBatchBytesMax;
  return server;
}

bool is_continuation(unsigned char byte) { return (byte & 0xc0U) == 0x80U; }

/// Whether a JSON reader takes the bytes as text.
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t size = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || i + size > text.size()) return false;
    for (std::size_t k = 1; k < size; ++k) {
      if (!is_continuation(static_cast<unsigned char>(text[i + k]))) return false;
    }
    const auto second = size > 1 ? static_cast<unsigned char>(text[i + 1]) : 0U;
    const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
    const bool beyond = (lead == 0xed && second > 0x9f) || (lead == 0xf4 && second > 0x8f);
    if (overlong || beyond) return false;
    i += size;
  }
  return true;
}

std::string verdict(const ReceivedWebhook& webhook) {
  switch (webhook.check) {
    case ReceivedWebhook::Check::kVerified:
      return "VERIFIED";
    case ReceivedWebhook::Check::kFailed:
      return "NOT VERIFIED (" + printable(webhook.reason) + ")";
    case ReceivedWebhook::Check::kNotChecked:
      return "NOT CHECKED (no --secret)";
  }
  return {};
}

}  // namespace

Receiver::Receiver(ReceiverOptions options, const Clock& clock, OnWebhook on_webhook)
    : options_(std::move(options)),
      clock_(clock),
      on_webhook_(std::move(on_webhook)),
      secret_(options_.secret),
      failures_left_(options_.fail_first),
      server_(server_options(options_), clock) {
  for (const char* method : {"POST", "PUT", "PATCH", "GET", "DELETE"}) {
    server_.route(method, "/{path...}", [this](const http::Request& r) { return receive(r); });
  }
}

Receiver::~Receiver() { stop(); }

Status Receiver::start() {
  if (!options_.secret.empty()) {
    if (auto status = signing::standard().check_secret(options_.secret); !status) return status;
  }
  return server_.start();
}

void Receiver::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    stopped_.notify_all();
  }
  server_.stop();
}

Status Receiver::set_secret(std::string secret) {
  if (auto status = signing::standard().check_secret(secret); !status) return status;
  const MutexLock lock(mutex_);
  secret_ = std::move(secret);
  return {};
}

void Receiver::check(ReceivedWebhook& webhook) const {
  std::string secret;
  {
    const MutexLock lock(mutex_);
    secret = secret_;
  }
  if (secret.empty()) return;
  const std::vector<http::Headers::Field> fields(webhook.headers.begin(), webhook.headers.end());
  const auto status = signing::standard().verify(
      secret, {.headers = fields, .body = webhook.body, .now = webhook.at}
  );
  webhook.check = status ? ReceivedWebhook::Check::kVerified : ReceivedWebhook::Check::kFailed;
  if (!status) webhook.reason = status.error().context;
}

void Receiver::wait_delay() {
  const MutexLock lock(mutex_);
  const MonoTime deadline = clock_.mono_now() + options_.delay;
  while (!stopping_) {
    const auto left = std::chrono::duration_cast<Millis>(deadline - clock_.mono_now());
    if (left.count() <= 0) return;
    stopped_.wait_for(mutex_, left);
  }
}

http::Answer Receiver::receive(const http::Request& request) {
  ReceivedWebhook webhook;
  webhook.at = clock_.wall_now();
  webhook.method = request.method;
  webhook.path = request.target;
  webhook.headers = request.headers;
  webhook.body = request.body;
  webhook.status = options_.status;
  check(webhook);
  {
    const MutexLock lock(mutex_);
    if (failures_left_ > 0) {
      --failures_left_;
      webhook.status = kFailureStatus;
    }
    on_webhook_(webhook);
  }
  if (options_.delay.count() > 0) wait_delay();
  http::Answer answer;
  answer.status = webhook.status;
  return answer;
}

std::string to_text(const ReceivedWebhook& webhook) {
  const JsonView type = JsonView(webhook.body)["type"];
  std::string text = readable_time(to_rfc3339(webhook.at)) + "  " + verdict(webhook);
  if (type.is_string()) text += "  " + printable(type.text());
  text += fmt::format("\n  {} {}", printable(webhook.method), printable(webhook.path));
  for (const char* name : {"webhook-id", "postrider-attempt"}) {
    const std::string_view value = webhook.headers.get(name);
    if (!value.empty()) text += fmt::format("  {}: {}", name, printable(value));
  }
  text += fmt::format("  answered {}\n  ", webhook.status);
  text += printable(std::string_view(webhook.body).substr(0, kShownBodyMax));
  if (webhook.body.size() > kShownBodyMax) {
    text += fmt::format("... ({} bytes)", webhook.body.size());
  }
  return text + "\n";
}

std::string to_json(const ReceivedWebhook& webhook) {
  JsonObject headers;
  for (const auto& [name, value] : webhook.headers) {
    headers.add(name, is_utf8(value) ? value : printable(value));
  }
  JsonObject line;
  line.add("at", to_rfc3339(webhook.at));
  const bool checked = webhook.check != ReceivedWebhook::Check::kNotChecked;
  const bool verified = webhook.check == ReceivedWebhook::Check::kVerified;
  line.add_raw("verified", !checked ? "null" : verified ? "true" : "false");
  line.add_raw("reason", webhook.reason.empty() ? "null" : json_quoted(webhook.reason));
  line.add("method", webhook.method);
  line.add("path", printable(webhook.path));
  line.add_raw("status", std::to_string(webhook.status));
  line.add_raw("headers", headers.str());
  if (is_utf8(webhook.body)) {
    line.add("body", webhook.body);
  } else {
    line.add("body_base64", crypto::base64_encode(webhook.body));
  }
  return line.str();
}

}  // namespace postrider::cli
