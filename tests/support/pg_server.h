// A PostgreSQL server of the tests' own: made in a temporary directory, reached by a socket in it.
#pragma once

#include <optional>
#include <string>

namespace postrider::testing {

/// Whose end ends the server.
enum class ServerLife {
  kOfThisProcess,  ///< of the process that starts it
  kOfItsParent,    ///< of that one's parent, such as ctest
};

struct ServerHandle {
  std::string directory;  ///< of the socket, and of all that the server has
  int supervisor = 0;     ///< the process that ends it, on SIGTERM, too
};

/// Starts a server and waits until it takes connections; nothing when it does not, with the reason
/// on stderr. A process of its own supervises it, stops it and removes its directory as soon as
/// `life` or ten minutes are over, whatever ends them. Before this process has other threads: it
/// forks. Run as root it becomes the user postgres.
[[nodiscard]] std::optional<ServerHandle> start_pg_server(ServerLife life);

}  // namespace postrider::testing
