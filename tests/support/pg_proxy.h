// Stands between a client and a PostgreSQL server, and cuts sessions where a test wants it.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "tests/support/temp_dir.h"

namespace postrider::testing {

/// Serves one session after the other.
class PgProxy {
 public:
  enum class Cut {
    kNever,
    kBeforeCommit,  ///< the commit request does not reach the server
    kAfterCommit,   ///< the server has committed; its answer does not reach the client
  };

  /// `directory`: of the server's socket.
  explicit PgProxy(std::string directory);
  PgProxy(const PgProxy&) = delete;
  PgProxy& operator=(const PgProxy&) = delete;
  ~PgProxy();

  /// The address of a database through it.
  [[nodiscard]] std::string url(const std::string& address) const;
  /// Cuts the session at its next commit. Every later commit passes.
  void cut(Cut where) { cut_ = where; }

 private:
  void serve();
  void pass_on(int client, int server);
  /// False when the session is to be cut.
  bool to_server(int client, int server);
  bool to_client(int server, int client);

  const std::string server_directory_;
  const TempDir directory_;
  int listener_ = -1;
  int stop_[2] = {-1, -1};
  std::atomic<Cut> cut_{Cut::kNever};
  std::jthread thread_;
};

}  // namespace postrider::testing
