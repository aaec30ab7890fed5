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

/// Names every concrete part and puts them together. Owned by one thread.
class Node {
 public:
  /// Takes the database's lock or joins its nodes, opens or makes and migrates it, starts all
  /// threads and listens. When other nodes have given this one up, StopSignals are interrupted:
  /// stop() is wanted then. `clock` outlives it.
  [[nodiscard]] static Result<std::unique_ptr<Node>> start(
      const ServeOptions& options, const Clock& clock
  );
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// `http://127.0.0.1:8080`
  [[nodiscard]] virtual std::string url() const = 0;

  /// An admin key that was made because there was none at all.
  struct FirstKey {
    KeyId id;
    std::string text;  ///< to be shown once: only its hash is stored
  };
  /// Makes and stores an admin key when the database has no key and no root key was given; nothing
  /// otherwise. Called once the service listens, so that a start that fails leaves no key behind.
  [[nodiscard]] virtual Result<std::optional<FirstKey>> make_first_key() = 0;
  /// Whether somebody has shown to hold a key that can make keys: a root key was given, or a valid
  /// key with scope admin was used at least once.
  [[nodiscard]] virtual Result<bool> has_known_admin() = 0;
  /// Removes the key again: it could not be shown.
  [[nodiscard]] virtual Status remove_key(KeyId id) = 0;

  /// Stops taking requests, finishes or gives back what is in flight. Idempotent. Returns how many
  /// requests were given back: their deliveries are still pending.
  virtual std::size_t stop() = 0;

 protected:
  Node() = default;
};

}  // namespace postrider::cli
