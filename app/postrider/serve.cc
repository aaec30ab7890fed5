#include <ostream>

#include "app/postrider/commands.h"
#include "app/postrider/io.h"
#include "app/postrider/node.h"
#include "app/postrider/serve_options.h"
#include "app/postrider/service_log.h"
#include "app/postrider/stop_signals.h"
#include "base/log.h"

namespace postrider::cli {
namespace {

/// Until it is asked to stop; false when other nodes have given this one up.
bool serve_with(Io& io, Node& node, const StopSignals& signals, const ServeOptions& options) {
  if (!node.made_key().empty())
    io.out << "first admin key (shown once): " << node.made_key() << '\n';
  io.out << "listening on " << node.url() << '\n' << std::flush;
  log_started(options, node.url());
  const bool asked = signals.wait() == StopSignals::Reason::kAsked;
  log::info(
      "service stopping",
      {{"reason", asked ? "signal" : "lease_expired"}, {"drain_s", options.drain.count()}}
  );
  static_cast<void>(node.stop());  // it logs how many requests it gave back
  log::info("service stopped");
  return asked;
}

Result<int> serve(Io& io, const ServeFlags& flags) {
  const auto options = checked(flags);
  if (!options) return tl::unexpected(options.error());
  const StopSignals signals;
  const SystemClock clock;
  const log::Session log_session({options->log_format, options->log_level}, clock);
  while (true) {
    auto node = Node::start(*options, clock);
    if (!node) {
      // Wrong usage was found above: what fails from here on is a failure.
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
  command.run_checked([&flags](Io& io) { return serve(io, flags); });
}

}  // namespace postrider::cli
