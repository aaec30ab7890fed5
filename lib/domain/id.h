// Row ids inside, ULIDs outside.
//
// A row id is a time and a count: Unix milliseconds << 20 | count within the millisecond. It only
// grows, so rows sort by time without an index of their own, and its ULID needs no column: the 48
// bits of time, the 20 bits of count, and 60 bits that differ from database to database.
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
/// Of the count, the bits that say which node drew the id, where several nodes draw ids at once.
inline constexpr unsigned kIdSlotBits = 8;

/// A row id of one table. Rows of all tables share one growing sequence.
template <class Tag>
struct Id {
  std::int64_t value = 0;

  auto operator<=>(const Id&) const = default;

  /// When the id was drawn: never before the row's own `created_at`, later only after the clock
  /// stepped back.
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

/// The latest instant that a row id can hold: ids are positive, and 43 bits of them are its
/// milliseconds. It is in the year 2248.
inline constexpr WallTime kIdTimeMax = from_unix_ms((std::int64_t{1} << (63U - kIdCountBits)) - 1);

/// The smallest row id that can have been drawn at or after `time`. Instants before 1970 and after
/// kIdTimeMax count as these.
[[nodiscard]] constexpr std::int64_t first_id_at(WallTime time) {
  return unix_ms(std::clamp(time, WallTime{}, kIdTimeMax)) << static_cast<int>(kIdCountBits);
}

/// Draws row ids. Owned by the thread that writes.
class IdSequence {
 public:
  /// Of who alone draws ids. `last` is the largest id ever drawn, 0 in an empty database.
  explicit IdSequence(std::int64_t last) : last_(last) {}
  /// Of one of up to 256 nodes: no two that have different slots draw the same id.
  IdSequence(std::int64_t last, unsigned slot)
      : last_(last), count_bits_(kIdCountBits - kIdSlotBits), slot_(slot) {}

  /// Larger than every id before, whatever the clock does. Ids that are drawn while the clock is
  /// wrong by more than a century count up from the last one, so that no jump uses them up.
  [[nodiscard]] std::int64_t next(WallTime now);
  /// Others have drawn `id`: the next one is larger.
  void skip_to(std::int64_t id) { last_ = std::max(last_, id); }

  [[nodiscard]] std::int64_t last() const { return last_; }

 private:
  std::int64_t last_;
  unsigned count_bits_ = kIdCountBits;  // that are counted up, below those of the slot
  unsigned slot_ = 0;
};

/// Turns row ids into public ids (`evt_` + 26 characters of lower-case Crockford base32) and back.
/// A negative row id, kNoRow for example, becomes an id that decode() does not find. Immutable
/// after construction.
class IdCodec {
 public:
  /// `salt`: the database's own 60 bits; an id of another database does not decode.
  explicit IdCodec(std::uint64_t salt) : salt_(salt & kSaltMask) {}

  [[nodiscard]] std::string encode(EventId id) const { return encode("evt_", id.value); }
  [[nodiscard]] std::string encode(EndpointId id) const { return encode("ep_", id.value); }
  [[nodiscard]] std::string encode(DeliveryId id) const { return encode("dlv_", id.value); }
  [[nodiscard]] std::string encode(AttemptId id) const { return encode("att_", id.value); }
  [[nodiscard]] std::string encode(TaskId id) const { return encode("task_", id.value); }
  [[nodiscard]] std::string encode(KeyId id) const { return encode("key_", id.value); }

  /// kInvalidArgument when `text` is no id of that kind; kNotFound when it is one of another
  /// database.
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
