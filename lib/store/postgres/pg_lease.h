// The lease of a node in a PostgreSQL database.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "store/lease.h"

namespace postrider::postgres {

class Connection;

/// Has a session of its own, so that a long transaction of the writer's does not keep it from being
/// renewed.
class PgLease final : public Lease {
 public:
  /// Joins the nodes of a database, which is migrated before; has no partitions yet. kConflict: it
  /// holds a copy that is not finished, or it has 256 nodes.
  [[nodiscard]] static Result<std::unique_ptr<PgLease>> join(
      const std::string& url, Millis duration
  );
  PgLease(const PgLease&) = delete;
  PgLease& operator=(const PgLease&) = delete;
  ~PgLease() override;

  /// What a PgStore of this node has to be told.
  [[nodiscard]] std::int64_t node() const { return node_; }

  [[nodiscard]] Millis duration() const override { return duration_; }
  [[nodiscard]] Result<Share> renew(Membership membership) override;
  [[nodiscard]] Status give_back(const Partitions& partitions) override;
  void leave() override;

 private:
  PgLease(std::unique_ptr<Connection> db, std::int64_t node, Millis duration);

  [[nodiscard]] Status remove_ended();

  const std::unique_ptr<Connection> db_;
  const std::int64_t node_;
  const Millis duration_;
};

}  // namespace postrider::postgres
