#include <ostream>

#include "app/postrider/commands.h"
#include "app/postrider/database_address.h"
#include "app/postrider/io.h"
#include "app/postrider/node.h"
#include "app/postrider/serve_options.h"
#include "app/postrider/service_log.h"
#include "app/postrider/stop_signals.h"
#include "base/log.h"

namespace postrider::cli {
namespace {

/// Logs a warning for secrets on the command line, which other users of the machine can read.
void warn_of_visible_secrets(const Command& command, const ServeOptions& options) {
  if (command.is_given("root-key")) {
    log::warning(
        "--root-key is on the command line, where every user of this machine can read it (ps): use "
        "--root-key-file or POSTRIDER_ROOT_KEY"
    );
  }
  if (command.is_given("db") && has_password(options.db)) {
    log::warning(
        "--db holds a password on the command line, where every user of this machine can read it "
        "(ps): use POSTRIDER_DB, a --config file or ~/.pgpass"
    );
  }
}

/// Logs a warning if no admin key was ever used: the first key is shown only once, and perhaps no
/// one saw it.
Status warn_of_unknown_admin(Node& node) {
  const auto known = node.has_known_admin();
  if (!known) return tl::unexpected(known.error());
  if (!*known) {
    log::warning(
        "no valid key with scope admin was ever used: if nobody has one, start once with "
        "--root-key-file FILE, and make one with it: postrider keys create NAME --scope admin"
    );
  }
  return {};
}

/// Makes and prints the first admin key if there is no key. Removes the key if it cannot be
/// printed.
Status show_first_key(Io& io, Node& node) {
  const auto made = node.make_first_key();
  if (!made) return tl::unexpected(made.error());
  if (!*made) return warn_of_unknown_admin(node);
  io.out << "first admin key (shown once): " << (*made)->text << '\n' << std::flush;
  if (io.out) return {};
  auto removed = node.remove_key((*made)->id);
  if (!removed) return removed;
  return fail(
      Errc::kUnavailable, "the first admin key cannot be shown: standard output is closed or full"
  );
}

/// Serves until the process is asked to stop. Returns false when another node has taken over this
/// node's partitions.
bool serve_with(Io& io, Node& node, const StopSignals& signals, const ServeOptions& options) {
  io.out << "listening on " << node.url() << '\n' << std::flush;
  log_started(options, node.url());
  const bool asked = signals.wait() == StopSignals::Reason::kAsked;
  log::info(
      "service stopping",
      {{"reason", asked ? "signal" : "lease_expired"}, {"drain_s", options.drain.count()}}
  );
  static_cast<void>(node.stop());  // it logs the number of released requests
  log::info("service stopped");
  return asked;
}

Result<std::unique_ptr<Node>> start_node(Io& io, const ServeOptions& options, const Clock& clock) {
  auto node = Node::start(options, clock);
  if (!node) return node;
  if (auto shown = show_first_key(io, **node); !shown) return tl::unexpected(shown.error());
  return node;
}

Result<int> serve(Io& io, const Command& command, const ServeFlags& flags) {
  const auto options = checked(flags);
  if (!options) return tl::unexpected(options.error());
  const StopSignals signals;
  const SystemClock clock;
  const log::Session log_session({options->log_format, options->log_level}, clock);
  warn_of_visible_secrets(command, *options);
  while (true) {
    auto node = start_node(io, *options, clock);
    if (!node) {
      // All wrong usage was found above, so every error from here on is a failure.
      report(io, node.error());
      return kExitFailed;
    }
    if (serve_with(io, **node, signals, *options)) return kExitDone;
    log::info("rejoining the other nodes");
  }
}

}  // namespace

void add_serve(const Command& root) {
  const Command command = root.add(
      "serve", "Run the service", "postrider serve --db postrider.db --listen 127.0.0.1:8080"
  );
  auto& flags = command.keep<ServeFlags>();
  add_serve_flags(command, flags);
  command.run_checked([command, &flags](Io& io) { return serve(io, command, flags); });
}

}  // namespace postrider::cli
