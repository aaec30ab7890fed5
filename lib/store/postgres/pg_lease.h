// The lease of a node in a PostgreSQL database.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "store/lease.h"

namespace postrider::postgres {

class Connection;

/// Has its own session, so that a long transaction of the writer does not delay a renewal.
class PgLease final : public Lease {
 public:
  /// Migrates the database and joins its nodes, without partitions yet. kConflict: the database has
  /// an unfinished copy, or 256 nodes.
  [[nodiscard]] static Result<std::unique_ptr<PgLease>> join(
      const std::string& url, Millis duration
  );
  PgLease(const PgLease&) = delete;
  PgLease& operator=(const PgLease&) = delete;
  ~PgLease() override;

  /// Returns the node's id, for PgStore::open().
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
