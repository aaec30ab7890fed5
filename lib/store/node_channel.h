// Messages between the nodes of a database.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace postrider {

/// The longest message, in bytes. PostgreSQL accepts less than 8000.
inline constexpr std::size_t kNodeMessageBytesMax = 7000;
/// Sent by the store with each commit that changes endpoints, keys or event types. The other nodes
/// then call Store::pull_remote_changes().
inline constexpr std::string_view kRefreshMessage = "refresh";

/// Sends messages to the other nodes of a database and receives theirs. Messages are hints: one may
/// be lost with a session, so a slower resync backs them up. Owned by one thread, except for
/// wake().
class NodeChannel {
 public:
  NodeChannel() = default;
  NodeChannel(const NodeChannel&) = delete;
  NodeChannel& operator=(const NodeChannel&) = delete;
  virtual ~NodeChannel() = default;

  /// Sends a message to all other nodes, in order. It must be UTF-8 without NUL, of at most
  /// kNodeMessageBytesMax bytes; otherwise kInvalidArgument. kUnavailable: there is no session with
  /// the server; the message may have been sent anyway.
  [[nodiscard]] virtual Status send(const std::string& message) = 0;
  /// Returns messages of other nodes as soon as there are any, and none after `timeout` or wake().
  /// kUnavailable: messages may have been missed. This is returned once per lost session, after the
  /// channel listens again, and also, after a pause, while no session can be opened.
  [[nodiscard]] virtual Result<std::vector<std::string>> wait(Millis timeout) = 0;
  /// Ends the current wait or the next one. Thread-safe.
  virtual void wake() = 0;
};

}  // namespace postrider
