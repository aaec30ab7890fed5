// What two databases are compared by.
#pragma once

#include <cstdint>
#include <string>

#include "crypto/hash.h"
#include "store/copied_tables.h"

namespace postrider::copy {

/// The rows of a table in the order of their key. Equal only for equal rows.
struct TableDigest {
  std::int64_t rows = 0;
  std::string sha256;

  friend bool operator==(const TableDigest&, const TableDigest&) = default;
};

/// Makes one. Owned by one thread.
class TableDigester {
 public:
  void add(CellRow row);
  [[nodiscard]] std::int64_t rows() const { return rows_; }
  /// Once.
  [[nodiscard]] TableDigest finish();

 private:
  crypto::Sha256 hash_;
  std::string pending_;  // goes to the hash in larger parts
  std::int64_t rows_ = 0;
};

}  // namespace postrider::copy
