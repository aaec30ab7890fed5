// `dev`: a service and a receiver in one process, to try webhooks on a laptop.
#include <filesystem>
#include <ostream>
#include <string>
#include <system_error>

#include <stdlib.h>

#include "app/postrider/api.h"
#include "app/postrider/background.h"
#include "app/postrider/commands.h"
#include "app/postrider/database_address.h"
#include "app/postrider/endpoint_keys.h"
#include "app/postrider/io.h"
#include "app/postrider/json_view.h"
#include "app/postrider/node.h"
#include "app/postrider/receiver.h"
#include "app/postrider/request_body.h"
#include "app/postrider/serve_options.h"
#include "app/postrider/service_log.h"
#include "app/postrider/stop_signals.h"
#include "base/log.h"
#include "base/mutex.h"
#include "service/keyring.h"

namespace postrider::cli {
namespace {

constexpr std::string_view kDescription = "the receiver of postrider dev";
constexpr std::string_view kFirstEvent =
    R"({"type":"order.created","data":{"id":"ord_1","total":10.50}})";
constexpr Millis kFirstWebhookTimeout{15'000};

/// A folder that is deleted with its owner.
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

/// Prints webhooks, and lets the main thread wait for the first one. Thread-safe.
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
  /// Returns false when none arrived in time.
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

/// Registers the receiver, or changes the endpoint of an earlier run to its URL.
Status register_receiver(Api& api, const std::string& url) {
  RequestBody body;
  body.add("url", url);
  auto known = api.call("GET", "/v1/endpoints?limit=250");
  if (!known) return tl::unexpected<Error>(std::move(known).error());
  for (const JsonView& endpoint : JsonView(*known)["data"].elements()) {
    if (endpoint["description"].text() != kDescription) continue;
    std::string id = endpoint["id"].text();
    auto moved = api.send("PATCH", path_of("endpoints", id), body.take());
    if (!moved) return tl::unexpected<Error>(std::move(moved).error());
    return {};
  }
  body.add("description", kDescription);
  auto created = api.send("POST", "/v1/endpoints", body.take());
  if (!created) return tl::unexpected<Error>(std::move(created).error());
  return {};
}

/// Returns the secrets of the endpoints with the receiver's URL; none when the request fails.
std::vector<ReceiverKey> load_keys(const ApiOptions& options, const std::string& receiver) {
  auto api = Api::open(options);
  auto keys = api ? endpoint_keys(*api, receiver)
                  : Result<std::vector<ReceiverKey>>{tl::unexpected(std::move(api).error())};
  if (keys) return std::move(*keys);
  log::warning("cannot load the endpoints' secrets", {{"reason", keys.error().context}});
  return {};
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
         receiver + "   (verifies and prints what arrives; registered for every event type)\n\n";
}

/// Returns `text` quoted as one word of a shell.
std::string shell_word(std::string_view text) {
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  return word + "'";
}

/// Returns lines for a shell that set the variables of the README.
std::string exports(
    const ServeOptions& options, const std::string& url, const std::string& receiver
) {
  std::string lines;
  const auto add = [&lines](std::string_view name, const std::string& value) {
    lines += "export " + std::string(name) + "=" + value + "\n";
  };
  add("POSTRIDER", shell_word(url));
  add("KEY", shell_word(*options.root_key));
  add("RECEIVER", shell_word(receiver));
  std::error_code failed;
  // The URL of a PostgreSQL database may contain a password.
  if (!is_postgres_url(options.db))
    add("DB", shell_word(std::filesystem::absolute(options.db, failed).string()));
  const auto program = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (!failed) add("PATH", shell_word(program.parent_path().string()) + ":\"$PATH\"");
  add("POSTRIDER_SERVER", "\"$POSTRIDER\"");
  add("POSTRIDER_KEY", "\"$KEY\"");
  return lines;
}

std::string next_steps(const std::string& variables) {
  return "\nThese lines set the variables of the README in a shell:\n\n" + variables +
         "\nThen, for example:\n\n"
         "  postrider emit order.paid '{\"id\":\"ord_1\"}'\n"
         "  postrider deliveries list\n"
         "  curl -sS -H \"Authorization: Bearer $KEY\" \"$POSTRIDER/v1/endpoints\"\n\n";
}

/// Starts everything, prints the first webhook, and waits until it is asked to stop. `background`
/// is null in the foreground.
Result<int> show_main_job(
    Io& io,
    const ServeOptions& options,
    Node& node,
    const Clock& clock,
    const StopSignals& signals,
    Background* background
) {
  const ApiOptions access{node.url(), *options.root_key, false};
  Printer printer(io.out);
  const Receiver* self = nullptr;
  ReceiverOptions receiver_options;
  receiver_options.load_keys = [&] { return load_keys(access, self->url()); };
  Receiver receiver(std::move(receiver_options), clock, [&printer](const ReceivedWebhook& webhook) {
    printer.print(webhook);
  });
  self = &receiver;
  if (auto started = receiver.start(); !started) return tl::unexpected(std::move(started).error());
  const std::string receiver_url = receiver.url();
  auto api = Api::open(access);
  if (!api) return tl::unexpected(std::move(api).error());
  if (auto done = register_receiver(*api, receiver_url); !done)
    return tl::unexpected(std::move(done).error());

  printer.print(first_screen(node.url(), access.key, receiver_url));
  printer.print("Emitting a first event: POST /v1/events " + std::string(kFirstEvent) + "\n\n");
  auto emitted = api->call("POST", "/v1/events", std::string(kFirstEvent));
  if (!emitted) return tl::unexpected(std::move(emitted).error());
  if (!printer.wait_first(clock, kFirstWebhookTimeout)) {
    return fail(Errc::kUnavailable, "the first webhook did not arrive; the log above may say why");
  }
  const std::string variables = exports(options, node.url(), receiver_url);
  printer.print(next_steps(variables));
  if (background == nullptr) printer.print("Ctrl-C ends it.\n\n");
  printer.print("listening on " + node.url() + "\n");
  log_started(options, node.url());
  if (background != nullptr) {
    if (auto told = background->report_ready(variables); !told)
      return tl::unexpected(std::move(told).error());
  }
  static_cast<void>(signals.wait());
  static_cast<void>(node.stop());
  receiver.stop();
  return kExitDone;
}

/// Starts the node on the default port if it is free, otherwise on any free port, so that a second
/// `dev` works beside a service.
Result<std::unique_ptr<Node>> start_node(ServeOptions& options, bool any_port, const Clock& clock) {
  auto node = Node::start(options, clock);
  if (node || !any_port || node.error().code != Errc::kConflict) return node;
  options.port = 0;
  return Node::start(options, clock);
}

Result<int> run_dev(Io& io, ServeFlags flags, Background* background) {
  std::unique_ptr<TemporaryFolder> folder;
  if (flags.db.empty()) {
    auto made = TemporaryFolder::make();
    if (!made) return tl::unexpected(std::move(made).error());
    folder = std::move(*made);
    flags.db = folder->file("postrider.db");
  }
  const bool any_port = flags.listen == ServeFlags{}.listen;
  if (!flags.root_key) flags.root_key = generate_api_key();
  flags.allow_net.emplace_back("127.0.0.0/8");
  flags.allow_net.emplace_back("::1/128");
  auto options = checked(flags);
  if (!options) return tl::unexpected(options.error());
  const StopSignals signals;
  const SystemClock clock;
  const log::Session log_session({options->log_format, options->log_level}, clock);
  auto node = start_node(*options, any_port, clock);
  auto shown = node ? show_main_job(io, *options, **node, clock, signals, background)
                    : Result<int>{tl::unexpected(std::move(node).error())};
  if (shown) return shown;
  report(io, shown.error());
  return kExitFailed;
}

struct DevOptions {
  ServeFlags serve;
  std::string background;
  std::string stop;
};

Result<int> dev(Io& io, const DevOptions& options) {
  if (!options.stop.empty()) return stop_background(options.stop, io);
  if (options.background.empty()) return run_dev(io, options.serve, nullptr);
  // Wrong flags are reported before the process leaves the terminal.
  ServeFlags flags = options.serve;
  if (flags.db.empty()) flags.db = ServeFlags{}.db;
  if (auto valid = checked(flags); !valid) return tl::unexpected(std::move(valid).error());
  auto background = Background::start(options.background, io);
  if (!background) return tl::unexpected(std::move(background).error());
  if (!background->is_child()) return background->wait(io);
  return run_dev(io, options.serve, &*background);
}

}  // namespace

void add_dev(const Command& root) {
  const Command command = root.add(
      "dev",
      "Serve for development: with a receiver and a first event; prints every webhook",
      "postrider dev"
  );
  auto& options = command.keep<DevOptions>();
  options.serve.db.clear();  // a temporary file, unless one is given
  options.serve.log_level = "warning";
  add_serve_flags(command, options.serve);
  command.text(
      "background",
      options.background,
      "Folder for the files env, log and pid: return when the first webhook has arrived, go on in "
      "the background"
  );
  command.text("stop", options.stop, "Folder of a --background: stop its process");
  command.run_checked([&options](Io& io) { return dev(io, options); });
}

}  // namespace postrider::cli
