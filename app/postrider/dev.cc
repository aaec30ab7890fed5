// `serve` for a laptop: everything that is needed to see a webhook arrive, in one process.
#include <filesystem>
#include <ostream>
#include <string>
#include <system_error>

#include <stdlib.h>

#include "app/postrider/api.h"
#include "app/postrider/commands.h"
#include "app/postrider/io.h"
#include "app/postrider/json_view.h"
#include "app/postrider/node.h"
#include "app/postrider/receiver.h"
#include "app/postrider/request_body.h"
#include "app/postrider/serve_options.h"
#include "app/postrider/stop_signals.h"
#include "base/mutex.h"
#include "service/keyring.h"

namespace postrider::cli {
namespace {

constexpr std::string_view kDescription = "the receiver of postrider dev";
constexpr std::string_view kFirstEvent =
    R"({"type":"order.created","data":{"id":"ord_1","total":10.50}})";
constexpr Millis kFirstWebhookTimeout{15'000};

/// A folder that goes with its owner.
class TemporaryFolder {
 public:
  [[nodiscard]] static Result<std::unique_ptr<TemporaryFolder>> make() {
    std::string path = (std::filesystem::temp_directory_path() / "postrider-dev-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) {
      return fail(Errc::kUnavailable, "cannot make a temporary folder: " + path);
    }
    return std::make_unique<TemporaryFolder>(std::move(path));
  }

  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] std::string file(std::string_view name) const {
    return path_ + "/" + std::string(name);
  }

 private:
  const std::string path_;
};

/// Prints webhooks, and lets the main thread wait for the first. Thread-safe.
class Printer {
 public:
  explicit Printer(std::ostream& out) : out_(out) {}

  void print(const ReceivedWebhook& webhook) {
    {
      const MutexLock lock(mutex_);
      out_ << to_text(webhook) << std::flush;
      printed_ = true;
    }
    changed_.notify_all();
  }
  void print(const std::string& text) {
    const MutexLock lock(mutex_);
    out_ << text << std::flush;
  }
  /// False when none came in time.
  [[nodiscard]] bool wait_first(const Clock& clock, Millis timeout) {
    const MonoTime end = clock.mono_now() + timeout;
    const MutexLock lock(mutex_);
    while (!printed_ && clock.mono_now() < end) {
      static_cast<void>(changed_.wait_for(mutex_, std::chrono::ceil<Millis>(end - clock.mono_now()))
      );
    }
    return printed_;
  }

 private:
  std::ostream& out_;
  Mutex mutex_;
  CondVar changed_;
  bool printed_ POSTRIDER_GUARDED_BY(mutex_) = false;
};

/// Registers the receiver, or moves the endpoint of an earlier run to it. Returns its id.
Result<std::string> register_receiver(Api& api, const std::string& url) {
  RequestBody body;
  body.add("url", url);
  auto known = api.call("GET", "/v1/endpoints?limit=250");
  if (!known) return tl::unexpected(std::move(known).error());
  for (const JsonView& endpoint : JsonView(*known)["data"].elements()) {
    if (endpoint["description"].text() != kDescription) continue;
    std::string id = endpoint["id"].text();
    auto moved = api.send("PATCH", path_of("endpoints", id), body.take());
    if (!moved) return tl::unexpected(std::move(moved).error());
    return id;
  }
  body.add("description", kDescription);
  auto created = api.send("POST", "/v1/endpoints", body.take());
  if (!created) return tl::unexpected(std::move(created).error());
  return JsonView(*created)["id"].text();
}

Result<std::string> secret_of(Api& api, const std::string& endpoint) {
  auto answer = api.call("GET", path_of("endpoints", endpoint, "secret"));
  if (!answer) return tl::unexpected(std::move(answer).error());
  return JsonView(*answer)["secret"].text();
}

std::string first_screen(
    const std::string& url, const std::string& key, const std::string& receiver
) {
  return "Postrider " POSTRIDER_VERSION
         "\n"
         "  API       " +
         url + "   (documentation: " + url +
         "/docs)\n"
         "  key       " +
         key +
         "\n"
         "  receiver  " +
         receiver + "   (registered; verifies and prints what arrives)\n\n";
}

std::string next_steps(
    const std::string& url, const std::string& key, const std::string& endpoint
) {
  const std::string curl = "  curl -s -H 'Authorization: Bearer " + key + "' " + url;
  return "\nTry next, in another terminal:\n\n" + curl +
         "/v1/events \\\n"
         "       -H 'Content-Type: application/json' -d "
         "'{\"type\":\"order.paid\",\"data\":{\"id\":\"ord_1\"}}'\n" +
         curl + "/v1/deliveries\n" + curl + "/v1/endpoints/" + endpoint +
         "\n\n"
         "Ctrl-C ends it.\n\n";
}

Result<int> show_main_job(
    Io& io, const ServeOptions& options, Node& node, const Clock& clock, const StopSignals& signals
) {
  Printer printer(io.out);
  Receiver receiver({}, clock, [&printer](const ReceivedWebhook& webhook) {
    printer.print(webhook);
  });
  if (auto started = receiver.start(); !started) return tl::unexpected(std::move(started).error());
  const std::string& key = *options.root_key;
  auto api = Api::open({node.url(), key, false});
  if (!api) return tl::unexpected(std::move(api).error());
  auto endpoint = register_receiver(*api, receiver.url());
  if (!endpoint) return tl::unexpected(std::move(endpoint).error());
  auto secret = secret_of(*api, *endpoint);
  if (!secret) return tl::unexpected(std::move(secret).error());
  if (auto set = receiver.set_secret(*secret); !set) return tl::unexpected(std::move(set).error());

  printer.print(first_screen(node.url(), key, receiver.url()));
  printer.print("Emitting a first event: POST /v1/events " + std::string(kFirstEvent) + "\n\n");
  auto emitted = api->call("POST", "/v1/events", std::string(kFirstEvent));
  if (!emitted) return tl::unexpected(std::move(emitted).error());
  if (!printer.wait_first(clock, kFirstWebhookTimeout)) {
    return fail(Errc::kUnavailable, "the first webhook did not arrive; the log above may say why");
  }
  printer.print(next_steps(node.url(), key, *endpoint));
  io.out << "listening on " << node.url() << '\n' << std::flush;
  static_cast<void>(signals.wait());
  static_cast<void>(node.stop());
  receiver.stop();
  return kExitDone;
}

/// The usual port when it is free, any other when not: a second `dev` beside a service just works.
Result<std::unique_ptr<Node>> start_node(ServeOptions& options, bool any_port, const Clock& clock) {
  auto node = Node::start(options, clock);
  if (node || !any_port || node.error().code != Errc::kConflict) return node;
  options.port = 0;
  return Node::start(options, clock);
}

Result<int> dev(Io& io, const ServeFlags& given) {
  ServeFlags flags = given;
  std::unique_ptr<TemporaryFolder> folder;
  if (flags.db.empty()) {
    auto made = TemporaryFolder::make();
    if (!made) return tl::unexpected(std::move(made).error());
    folder = std::move(*made);
    flags.db = folder->file("postrider.db");
  }
  if (!flags.root_key) flags.root_key = generate_api_key();
  flags.allow_net.emplace_back("127.0.0.0/8");
  flags.allow_net.emplace_back("::1/128");
  auto options = checked(flags);
  if (!options) return tl::unexpected(options.error());
  log::init(options->log_format, options->log_level);
  const StopSignals signals;
  const SystemClock clock;
  auto node = start_node(*options, given.listen == ServeFlags{}.listen, clock);
  auto shown = node ? show_main_job(io, *options, **node, clock, signals)
                    : Result<int>{tl::unexpected(std::move(node).error())};
  if (shown) return shown;
  report(io, shown.error());
  return kExitFailed;
}

}  // namespace

void add_dev(const Command& root) {
  const Command command = root.add(
      "dev",
      "Serve for a laptop: with a receiver, a first event, and every webhook printed",
      "postrider dev"
  );
  auto& flags = command.keep<ServeFlags>();
  flags.db.clear();  // a temporary one, unless a file is named
  flags.log_level = "warning";
  add_serve_flags(command, flags);
  command.run_checked([&flags](Io& io) { return dev(io, flags); });
}

}  // namespace postrider::cli
