#include <ostream>

#include "app/postrider/commands.h"
#include "app/postrider/io.h"
#include "app/postrider/node.h"
#include "app/postrider/serve_options.h"
#include "app/postrider/stop_signals.h"

namespace postrider::cli {
namespace {

/// Until it is asked to stop; false when other nodes have given this one up.
bool serve_with(Io& io, Node& node, const StopSignals& signals, const ServeOptions& options) {
  if (!node.made_key().empty())
    io.out << "first admin key (shown once): " << node.made_key() << '\n';
  io.out << "listening on " << node.url() << '\n' << std::flush;
  const auto reason = signals.wait();
  log::info("stopping", {{"drain_s", std::to_string(options.drain.count())}});
  const std::size_t given_back = node.stop();
  log::info("stopped", {{"given_back", std::to_string(given_back)}});
  return reason == StopSignals::Reason::kAsked;
}

Result<int> serve(Io& io, const ServeFlags& flags) {
  const auto options = checked(flags);
  if (!options) return tl::unexpected(options.error());
  log::init(options->log_format, options->log_level);
  const StopSignals signals;
  const SystemClock clock;
  while (true) {
    auto node = Node::start(*options, clock);
    if (!node) {
      // Wrong usage was found above: what fails from here on is a failure.
      report(io, node.error());
      return kExitFailed;
    }
    if (serve_with(io, **node, signals, *options)) return kExitDone;
    log::info("joins the other nodes again");
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
