#include "store/copy/table_digest.h"

namespace postrider::copy {
namespace {

constexpr std::size_t kPartBytes = 64U << 10U;

void append_number(std::string& out, std::uint64_t value) {
  for (unsigned shift = 0; shift < 64; shift += 8)
    out += static_cast<char>(static_cast<unsigned char>(value >> shift));
}

}  // namespace

// Each value is hashed with its kind, and bytes with their length, so that different rows have
// different bytes.
void TableDigester::add(CellRow row) {
  for (const Cell& cell : row) {
    pending_ += static_cast<char>(cell.kind);
    if (cell.kind == Cell::Kind::kInteger) {
      append_number(pending_, static_cast<std::uint64_t>(cell.integer));
    } else if (cell.kind == Cell::Kind::kBytes) {
      append_number(pending_, cell.bytes.size());
      pending_ += cell.bytes;
    }
  }
  ++rows_;
  if (pending_.size() < kPartBytes) return;
  hash_.add(pending_);
  pending_.clear();
}

TableDigest TableDigester::finish() {
  hash_.add(pending_);
  return {.rows = rows_, .sha256 = hash_.finish()};
}

}  // namespace postrider::copy
