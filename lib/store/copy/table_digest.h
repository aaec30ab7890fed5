// Digests of tables, to compare two databases.
#pragma once

#include <cstdint>
#include <string>

#include "crypto/hash.h"
#include "store/copied_tables.h"

namespace postrider::copy {

/// The digest of a table's rows in key order. Equal digests mean equal rows.
struct TableDigest {
  std::int64_t rows = 0;
  std::string sha256;

  friend bool operator==(const TableDigest&, const TableDigest&) = default;
};

/// Computes a digest. Owned by one thread.
class TableDigester {
 public:
  void add(CellRow row);
  [[nodiscard]] std::int64_t rows() const { return rows_; }
  /// Called once, after the last add().
  [[nodiscard]] TableDigest finish();

 private:
  crypto::Sha256 hash_;
  std::string pending_;  // hashed in larger parts
  std::int64_t rows_ = 0;
};

}  // namespace postrider::copy
