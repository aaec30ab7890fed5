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

/// When a server that says nothing is taken for lost.
struct ChannelPatience {
  Millis quiet{5000};   ///< then it is asked whether it is there
  Millis silent{5000};  ///< within that it has to answer
};

/// Has a session of its own. Nodes of one schema hear each other, those of other schemas of the
/// database do not.
class PgChannel final : public NodeChannel {
 public:
  /// Hears what is sent from now on. `clock` outlives it.
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

  /// Makes a session that listens, unless there is one.
  [[nodiscard]] Status listen();
  /// Asks the server whether it is there, when it has been quiet for long.
  [[nodiscard]] Status ping_when_due();
  /// What others sent until `until`; none when there is reason to look around.
  [[nodiscard]] Result<std::vector<std::string>> hear(MonoTime until);
  /// Keeps the error for wait() when the session has ended.
  [[nodiscard]] Status noted(Status status);
  void pause(Millis longest) const;
  [[nodiscard]] bool take_wakes() const;

  const std::unique_ptr<Connection> db_;
  const Fd wakes_;  // readable once there was one
  const Clock& clock_;
  const ChannelPatience patience_;
  std::int64_t listens_in_ = 0;  // the session that does; 0: none
  std::optional<Error> missed_;  // why messages may have been missed
  MonoTime heard_at_;            // anything of the server
};

}  // namespace postrider::postgres
