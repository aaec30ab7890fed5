// What the nodes of one database tell each other.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace postrider {

/// The longest message. PostgreSQL takes less than 8000 bytes.
inline constexpr std::size_t kNodeMessageBytesMax = 7000;
/// Store::pull_remote_changes() has something to tell: sent by the store itself with what it
/// commits.
inline constexpr std::string_view kRefreshMessage = "refresh";

/// Tells the other nodes of a database what has happened. Messages are hints: one may be lost with
/// a session, so something slower stands behind. Owned by one thread, but for wake().
class NodeChannel {
 public:
  NodeChannel() = default;
  NodeChannel(const NodeChannel&) = delete;
  NodeChannel& operator=(const NodeChannel&) = delete;
  virtual ~NodeChannel() = default;

  /// To all other nodes, in order. UTF-8 without NUL, of at most kNodeMessageBytesMax bytes;
  /// anything else is kInvalidArgument. kUnavailable: there is no session with the server; the
  /// message may have been sent all the same.
  [[nodiscard]] virtual Status send(const std::string& message) = 0;
  /// Messages of other nodes, as soon as there are any; none after `timeout` or wake().
  /// kUnavailable: messages may have been missed. Once per session that was lost, when the channel
  /// hears again; and while it cannot be made to, after a pause.
  [[nodiscard]] virtual Result<std::vector<std::string>> wait(Millis timeout) = 0;
  /// Ends a wait, now or the next one. Thread-safe.
  virtual void wake() = 0;
};

}  // namespace postrider
