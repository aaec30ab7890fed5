// The whole service in one process: the composition root of `serve` and `dev`.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "app/postrider/serve_options.h"
#include "base/clock.h"
#include "base/error.h"

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

  /// The admin key that was made because there was none at all; empty otherwise. Shown once: only
  /// its hash is kept.
  [[nodiscard]] virtual const std::string& made_key() const = 0;

  /// Stops taking requests, finishes or gives back what is in flight. Idempotent. Returns how many
  /// requests were given back: their deliveries are still pending.
  virtual std::size_t stop() = 0;

 protected:
  Node() = default;
};

}  // namespace postrider::cli
