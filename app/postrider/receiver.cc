#include "app/postrider/receiver.h"

#include <fmt/format.h>

#include "app/postrider/json_view.h"
#include "app/postrider/table.h"
#include "base/limits.h"
#include "crypto/encoding.h"
#include "json/json_writer.h"
#include "json/utf8.h"
#include "signing/standard.h"

namespace postrider::cli {
namespace {

constexpr int kFailureStatus = 500;
constexpr std::size_t kShownBodyMax = 4096;

http::ServerOptions server_options(const ReceiverOptions& options) {
  http::ServerOptions server;
  server.host = options.host;
  server.port = options.port;
  // A delay blocks a thread, and the sender may have this many requests in flight.
  server.threads = 64;
  server.streams_max = 0;
  server.reserve_threads = 0;
  server.body_bytes_max = limits::kBatchBytesMax;
  return server;
}

std::string verdict(const ReceivedWebhook& webhook) {
  switch (webhook.check) {
    case ReceivedWebhook::Check::kVerified:
      return "VERIFIED";
    case ReceivedWebhook::Check::kFailed:
      return "NOT VERIFIED (" + printable(webhook.reason) + ")";
    case ReceivedWebhook::Check::kNotChecked:
      return "NOT CHECKED (no secret is known; see --secret)";
  }
  return {};
}

ReceiverOptions with_scheme(ReceiverOptions options) {
  if (options.scheme.scheme == nullptr) options.scheme.scheme = &signing::standard();
  return options;
}

/// The webhook is verified if one of the keys matches. Without keys it is not checked.
void check_with(const std::vector<ReceiverKey>& keys, ReceivedWebhook& webhook) {
  using Check = ReceivedWebhook::Check;
  webhook.check = keys.empty() ? Check::kNotChecked : Check::kFailed;
  webhook.reason.clear();
  const std::vector<http::Headers::Field> fields(webhook.headers.begin(), webhook.headers.end());
  for (const ReceiverKey& key : keys) {
    const auto status = key.scheme.scheme->verify(
        key.key, {.headers = fields, .body = webhook.body, .now = webhook.at}, key.scheme.members
    );
    if (status) {
      webhook.check = Check::kVerified;
      webhook.reason.clear();
      return;
    }
    if (webhook.reason.empty()) webhook.reason = status.error().context;
  }
}

}  // namespace

Receiver::Receiver(ReceiverOptions options, const Clock& clock, OnWebhook on_webhook)
    : options_(with_scheme(std::move(options))),
      clock_(clock),
      on_webhook_(std::move(on_webhook)),
      failures_left_(options_.fail_first),
      server_(server_options(options_), clock) {
  for (const char* method : {"POST", "PUT", "PATCH", "GET", "DELETE"}) {
    server_.route(method, "/{path...}", [this](const http::Request& r) { return receive(r); });
  }
}

Receiver::~Receiver() { stop(); }

Status Receiver::start() {
  if (!options_.secret.empty()) {
    auto key = options_.scheme.receivers_key(options_.secret);
    if (!key) return tl::unexpected<Error>(std::move(key).error());
    const MutexLock lock(mutex_);
    keys_.push_back({options_.scheme, std::move(*key)});
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

void Receiver::check(ReceivedWebhook& webhook) {
  std::vector<ReceiverKey> keys;
  {
    const MutexLock lock(mutex_);
    keys = keys_;
  }
  check_with(keys, webhook);
  if (webhook.check == ReceivedWebhook::Check::kVerified || !options_.load_keys) return;
  keys = options_.load_keys();
  check_with(keys, webhook);
  const MutexLock lock(mutex_);
  keys_ = std::move(keys);
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

http::Response Receiver::receive(const http::Request& request) {
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
  http::Response answer;
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
  using Check = ReceivedWebhook::Check;
  std::string out;
  json::JsonObject line(out);
  line.instant("at", webhook.at);
  if (webhook.check == Check::kNotChecked) {
    line.raw("verified", "null");
  } else {
    line.boolean("verified", webhook.check == Check::kVerified);
  }
  line.text_or_null("reason", webhook.reason)
      .text("method", webhook.method)
      .text("path", printable(webhook.path))
      .number("status", std::int64_t{webhook.status});
  json::JsonObject headers(line.begin("headers"));
  for (const auto& [name, value] : webhook.headers) {
    json::append_json_string(
        headers.begin_escaped(name), json::is_utf8(value) ? value : printable(value)
    );
  }
  headers.end();
  if (json::is_utf8(webhook.body)) {
    line.text("body", webhook.body);
  } else {
    line.text("body_base64", crypto::base64_encode(webhook.body));
  }
  line.end();
  return out;
}

}  // namespace postrider::cli
