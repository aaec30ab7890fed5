// Row ids in the database, ULIDs in the API.
//
// A row id is a time and a count: Unix milliseconds << 20 | count within the millisecond. Ids only
// grow, so rows sort by time without an extra index. The ULID of a row is computed, not stored: it
// is the 48 bits of time, the 20 bits of count, and 60 bits that differ between databases.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace postrider {

inline constexpr unsigned kIdCountBits = 20;
/// The bits of the count that identify the node that drew the id, where several nodes draw ids.
inline constexpr unsigned kIdSlotBits = 8;

/// A row id of one table. Rows of all tables share one growing sequence.
template <class Tag>
struct Id {
  std::int64_t value = 0;

  auto operator<=>(const Id&) const = default;

  /// Returns when the id was drawn. It is never before the row's `created_at`, and later than that
  /// only if the clock has stepped back.
  [[nodiscard]] WallTime time() const { return from_unix_ms(value >> kIdCountBits); }
};

using EventId = Id<struct EventTag>;
using EndpointId = Id<struct EndpointTag>;
using DeliveryId = Id<struct DeliveryTag>;
using AttemptId = Id<struct AttemptTag>;
using TaskId = Id<struct TaskTag>;
using KeyId = Id<struct KeyTag>;

/// The value of an id that no row has.
inline constexpr std::int64_t kNoRow = -1;

/// The latest instant that a row id can hold, in the year 2248: ids are positive, and 43 bits of an
/// id are its milliseconds.
inline constexpr WallTime kIdTimeMax = from_unix_ms((std::int64_t{1} << (63U - kIdCountBits)) - 1);

/// Returns the smallest row id that can have been drawn at or after `time`. Instants before 1970 or
/// after kIdTimeMax are clamped.
[[nodiscard]] constexpr std::int64_t first_id_at(WallTime time) {
  return unix_ms(std::clamp(time, WallTime{}, kIdTimeMax)) << static_cast<int>(kIdCountBits);
}

/// Draws row ids. Owned by the writer thread.
class IdSequence {
 public:
  /// For a process that alone draws ids. `last` is the largest id ever drawn, 0 in an empty
  /// database.
  explicit IdSequence(std::int64_t last) : last_(last) {}
  /// For one of up to 256 nodes. Nodes with different slots never draw the same id.
  IdSequence(std::int64_t last, unsigned slot)
      : last_(last), count_bits_(kIdCountBits - kIdSlotBits), slot_(slot) {}

  /// Returns an id that is larger than every id before, even if the clock steps back. While the
  /// clock is past the year 2200, ids count up from the last one, so that a wrong clock does not
  /// use up the range.
  [[nodiscard]] std::int64_t next(WallTime now);
  /// Makes the next id larger than `id`, which another node has drawn.
  void skip_to(std::int64_t id) { last_ = std::max(last_, id); }

  [[nodiscard]] std::int64_t last() const { return last_; }

 private:
  std::int64_t last_;
  // The low bits of the count, which next() increments. The slot's bits are above them.
  unsigned count_bits_ = kIdCountBits;
  unsigned slot_ = 0;
};

/// Turns row ids into public ids (`evt_` + 26 characters of lower-case Crockford base32) and back.
/// A negative row id, kNoRow for example, becomes an id that decode() does not find. Immutable
/// after construction.
class IdCodec {
 public:
  /// `salt` is 60 bits that belong to the database. An id of another database does not decode.
  explicit IdCodec(std::uint64_t salt) : salt_(salt & kSaltMask) {}

  [[nodiscard]] std::string encode(EventId id) const { return encode("evt_", id.value); }
  [[nodiscard]] std::string encode(EndpointId id) const { return encode("ep_", id.value); }
  [[nodiscard]] std::string encode(DeliveryId id) const { return encode("dlv_", id.value); }
  [[nodiscard]] std::string encode(AttemptId id) const { return encode("att_", id.value); }
  [[nodiscard]] std::string encode(TaskId id) const { return encode("task_", id.value); }
  [[nodiscard]] std::string encode(KeyId id) const { return encode("key_", id.value); }

  /// Fails with kInvalidArgument when `text` is not an id of that kind, and with kNotFound when it
  /// is an id of another database.
  [[nodiscard]] Result<EventId> decode_event(std::string_view text) const;
  [[nodiscard]] Result<EndpointId> decode_endpoint(std::string_view text) const;
  [[nodiscard]] Result<DeliveryId> decode_delivery(std::string_view text) const;
  [[nodiscard]] Result<TaskId> decode_task(std::string_view text) const;
  [[nodiscard]] Result<KeyId> decode_key(std::string_view text) const;

 private:
  static constexpr std::uint64_t kSaltMask = (1ULL << 60U) - 1;

  [[nodiscard]] std::string encode(std::string_view prefix, std::int64_t row) const;
  [[nodiscard]] Result<std::int64_t> decode(std::string_view prefix, std::string_view text) const;

  std::uint64_t salt_;
};

}  // namespace postrider
