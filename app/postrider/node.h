// The whole service in one process: the composition root of `serve` and `dev`.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "app/postrider/serve_options.h"
#include "base/clock.h"
#include "base/error.h"
#include "domain/id.h"

namespace postrider::cli {

/// Creates every concrete component and connects them. Owned by one thread.
class Node {
 public:
  /// Locks the database file or joins the nodes of the database, creates or migrates the schema,
  /// starts all threads and listens. When another node takes over this node's partitions,
  /// StopSignals are interrupted and the caller must call stop(). `clock` must outlive the node.
  [[nodiscard]] static Result<std::unique_ptr<Node>> start(
      const ServeOptions& options, const Clock& clock
  );
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Returns a URL such as `http://127.0.0.1:8080`.
  [[nodiscard]] virtual std::string url() const = 0;

  /// An admin key that was made because the database had no key.
  struct FirstKey {
    KeyId id;
    std::string text;  ///< shown once, because only its hash is stored
  };
  /// Makes and stores an admin key when the database has no key and no root key was given;
  /// otherwise returns nullopt. Called when the service listens, so that a failed start leaves no
  /// key behind.
  [[nodiscard]] virtual Result<std::optional<FirstKey>> make_first_key() = 0;
  /// Whether a user is known to have a key that can make keys: a root key was given, or a valid key
  /// with scope admin was used at least once.
  [[nodiscard]] virtual Result<bool> has_known_admin() = 0;
  /// Removes the key, because it could not be shown.
  [[nodiscard]] virtual Status remove_key(KeyId id) = 0;

  /// Stops accepting requests, then finishes or releases the requests in flight. Idempotent.
  /// Returns the number of released requests: their deliveries are still pending.
  virtual std::size_t stop() = 0;

 protected:
  Node() = default;
};

}  // namespace postrider::cli
