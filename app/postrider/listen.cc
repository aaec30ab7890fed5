#include <ostream>
#include <utility>

#include "app/postrider/commands.h"
#include "app/postrider/listing.h"
#include "app/postrider/receiver.h"
#include "app/postrider/stop_signals.h"

namespace postrider::cli {
namespace {

constexpr std::int64_t kDelayMsMax = 600'000;
constexpr std::int64_t kCountMax = 1'000'000'000;

struct ListenOptions {
  std::int64_t port = 0;
  SchemeFlags scheme;
  std::string secret;
  std::int64_t status = 200;
  std::int64_t fail_first = 0;
  std::int64_t delay_ms = 0;
  std::int64_t count = 0;
  bool json = false;
};

Result<int> listen(Io& io, const ListenOptions& options) {
  auto chosen = chosen_scheme(options.scheme);
  if (!chosen) return tl::unexpected(std::move(chosen).error());
  const StopSignals signals;
  const SystemClock clock;
  const ReceiverOptions receiver_options{
      .port = static_cast<std::uint16_t>(options.port),
      .scheme = std::move(*chosen),
      .secret = options.secret,
      .status = static_cast<int>(options.status),
      .fail_first = options.fail_first,
      .delay = Millis{options.delay_ms}};
  std::int64_t left = options.count;
  Receiver receiver(receiver_options, clock, [&](const ReceivedWebhook& webhook) {
    if (options.json) {
      print_json(io, to_json(webhook));
    } else {
      io.out << to_text(webhook) << '\n';
    }
    io.out << std::flush;
    if (left > 0 && --left == 0) StopSignals::raise();
  });
  if (auto status = receiver.start(); !status) return tl::unexpected(status.error());
  io.err << "listening on " << receiver.url() << '\n' << std::flush;
  static_cast<void>(signals.wait());
  receiver.stop();
  return kExitDone;
}

}  // namespace

void add_listen(const Command& root) {
  const Command command = root.add(
      "listen",
      "A receiver for testing: verifies and prints each webhook",
      "postrider listen --port 9000 --secret whsec_... --fail-first 2"
  );
  auto& options = command.keep<ListenOptions>();
  command.number("port", options.port, {0, 65'535}, "Port on 127.0.0.1; 0 selects a free port");
  command.text("secret", options.secret, "Secret of the endpoint; without it nothing is verified");
  command.allow_environment("secret");
  add_scheme_flags(command, options.scheme);
  command.number("status", options.status, {200, 599}, "Status of the responses");
  command.number(
      "fail-first", options.fail_first, {0, kCountMax}, "Answer the first N webhooks with 500"
  );
  command.number(
      "delay-ms", options.delay_ms, {0, kDelayMsMax}, "Milliseconds to wait before each response"
  );
  command.number("count", options.count, {0, kCountMax}, "Exit after N webhooks; 0 = never");
  command.flag("json", options.json, "One line of JSON per webhook");
  command.run_checked([&options](Io& io) { return listen(io, options); });
}

}  // namespace postrider::cli
