// Messages between the nodes of a PostgreSQL database, by LISTEN and NOTIFY.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "store/node_channel.h"

namespace postrider::postgres {

class Connection;

/// How long a silent server is tolerated.
struct ChannelPatience {
  Millis quiet{5000};   ///< after this time the server is pinged
  Millis silent{5000};  ///< the ping must be answered within this time
};

/// Has its own session. Messages reach only nodes of the same schema.
class PgChannel final : public NodeChannel {
 public:
  /// Receives messages that are sent from now on. `clock` outlives the channel.
  [[nodiscard]] static Result<std::unique_ptr<PgChannel>> open(
      const std::string& url, const Clock& clock, ChannelPatience patience = {}
  );
  PgChannel(const PgChannel&) = delete;
  PgChannel& operator=(const PgChannel&) = delete;
  ~PgChannel() override;

  [[nodiscard]] Status send(const std::string& message) override;
  [[nodiscard]] Result<std::vector<std::string>> wait(Millis timeout) override;
  void wake() override;

 private:
  PgChannel(std::unique_ptr<Connection> db, Fd wakes, const Clock& clock, ChannelPatience patience);

  /// Opens a session that listens, unless there is one.
  [[nodiscard]] Status listen();
  /// Pings the server if it has been silent for ChannelPatience::quiet.
  [[nodiscard]] Status ping_when_due();
  /// Returns messages of other nodes. Waits until `until` at most, and may return none earlier.
  [[nodiscard]] Result<std::vector<std::string>> hear(MonoTime until);
  /// Stores the error for wait() if the session has ended. Returns `status`.
  [[nodiscard]] Status noted(Status status);
  void pause(Millis longest) const;
  [[nodiscard]] bool take_wakes() const;

  const std::unique_ptr<Connection> db_;
  const Fd wakes_;  // an eventfd, readable after wake()
  const Clock& clock_;
  const ChannelPatience patience_;
  std::int64_t listens_in_ = 0;  // the number of the listening session; 0 = none
  std::optional<Error> missed_;  // why messages may have been missed
  MonoTime heard_at_;            // when the server was last known to be alive
};

}  // namespace postrider::postgres
