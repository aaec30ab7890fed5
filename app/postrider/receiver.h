// A receiver of webhooks for testing: verifies each one and responds as configured.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/postrider/scheme_flags.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mutex.h"
#include "http/message.h"
#include "http/server.h"

namespace postrider::cli {

/// The key with which the webhooks of one endpoint are verified.
struct ReceiverKey {
  ChosenScheme scheme;
  std::string key;  ///< see ChosenScheme::receivers_key
};

struct ReceiverOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0 = any free one
  ChosenScheme scheme{};   ///< default: standard
  std::string secret{};    ///< empty = signatures are not checked
  /// Called when no key verifies a webhook. Returns the keys to use from then on. Thread-safe.
  std::function<std::vector<ReceiverKey>()> load_keys{};
  int status = 200;             ///< status of the responses
  std::int64_t fail_first = 0;  ///< number of first requests that get a 500
  Millis delay{0};              ///< before each response
};

struct ReceivedWebhook {
  enum class Check { kVerified, kFailed, kNotChecked };

  WallTime at;
  std::string method;
  std::string path;
  http::Headers headers;
  std::string body;
  Check check = Check::kNotChecked;
  std::string reason;  ///< why the webhook is not verified
  int status = 0;      ///< status of the response
};

/// Thread-safe.
class Receiver {
 public:
  /// Called before the response is sent, for one webhook at a time.
  using OnWebhook = std::function<void(const ReceivedWebhook&)>;

  /// `clock` must outlive the receiver.
  Receiver(ReceiverOptions options, const Clock& clock, OnWebhook on_webhook);
  ~Receiver();
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  [[nodiscard]] Status start();
  /// Stops the server and ends delays. Idempotent. Takes at most as long as http::Server::stop.
  void stop();

  /// Returns a URL such as `http://127.0.0.1:40123`; valid after start().
  [[nodiscard]] std::string url() const { return server_.url(); }

 private:
  [[nodiscard]] http::Response receive(const http::Request& request);
  void check(ReceivedWebhook& webhook);
  void wait_delay();

  const ReceiverOptions options_;
  const Clock& clock_;
  const OnWebhook on_webhook_;
  mutable Mutex mutex_;
  CondVar stopped_;
  std::vector<ReceiverKey> keys_ POSTRIDER_GUARDED_BY(mutex_);
  std::int64_t failures_left_ POSTRIDER_GUARDED_BY(mutex_);
  bool stopping_ POSTRIDER_GUARDED_BY(mutex_) = false;
  http::Server server_;
};

/// Returns a readable block: the time, the result of the verification, the type, the id, the
/// attempt, the response's status, and the body with every byte escaped that is not printable
/// ASCII.
[[nodiscard]] std::string to_text(const ReceivedWebhook& webhook);

/// Returns one line of JSON. A body that is not UTF-8 is in `body_base64` instead of `body`.
[[nodiscard]] std::string to_json(const ReceivedWebhook& webhook);

}  // namespace postrider::cli
