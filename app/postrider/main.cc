#include <csignal>
#include <iostream>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

#include "app/postrider/cli.h"
#include "app/postrider/commands.h"
#include "jq/sandbox/worker.h"

namespace {

/// Tables that are not printed to a terminal have at most this many columns.
constexpr std::size_t kDefaultWidth = 100;

std::size_t table_width() {
  winsize size{};
  const bool known = isatty(STDOUT_FILENO) != 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
  return known && size.ws_col > 0 ? size.ws_col : kDefaultWidth;
}

}  // namespace

int main(int argc, char** argv) {
  // This is internal: a ProcessRunner starts its workers for jq programs with it.
  if (argc == 2 && std::string_view{argv[1]} == "jq-worker")
    return postrider::jq::run_worker(postrider::jq::kWorkerSocket);
  postrider::cli::Io io{
      .in = std::cin,
      .out = std::cout,
      .err = std::cerr,
      .out_is_terminal = isatty(STDOUT_FILENO) != 0,
      .err_is_terminal = isatty(STDERR_FILENO) != 0,
      .width = table_width()};
  postrider::cli::Cli cli(
      "postrider",
      "Durable webhooks: every accepted event is delivered, or kept as a dead letter to be "
      "replayed.",
      POSTRIDER_VERSION
  );
  // OpenSSL writes to sockets that the peer may have closed.
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  // A file size limit is reported as an error of the write, as a full disk is.
  static_cast<void>(std::signal(SIGXFSZ, SIG_IGN));
  postrider::cli::add_service_commands(cli.root());
  postrider::cli::add_client_commands(cli.root());
  return cli.run({argv + 1, argv + argc}, io);
}
