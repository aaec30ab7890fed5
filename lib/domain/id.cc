#include "domain/id.h"

#include <algorithm>
#include <array>

namespace postrider {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kUlidLength = 26;
/// A clock that is past the year 2200 is considered wrong.
constexpr std::int64_t kClockMsMax = 7'258'118'400'000;

// __extension__: a 128-bit integer is not ISO C++, but both compilers support it.
__extension__ using Uint128 = unsigned __int128;

}  // namespace

std::int64_t IdSequence::next(WallTime now) {
  // The first id of the slot in the current millisecond, or in that of the last id if it is later.
  const std::int64_t clock_ms = unix_ms(now) < kClockMsMax ? unix_ms(now) : 0;
  const std::int64_t ms = std::max(clock_ms, last_ >> static_cast<int>(kIdCountBits));
  const std::int64_t first = (ms << static_cast<int>(kIdCountBits)) |
                             (static_cast<std::int64_t>(slot_) << static_cast<int>(count_bits_));
  const std::int64_t end = first + (std::int64_t{1} << static_cast<int>(count_bits_));
  const std::int64_t next = std::max(first, last_ + 1);
  // When the slot's count is used up, the id is the first one of the next millisecond.
  last_ = next < end ? next : first + (std::int64_t{1} << static_cast<int>(kIdCountBits));
  return last_;
}

std::string IdCodec::encode(std::string_view prefix, std::int64_t row) const {
  Uint128 ulid = (static_cast<Uint128>(static_cast<std::uint64_t>(row)) << 60U) | salt_;
  std::array<char, kUlidLength> digits{};
  for (std::size_t i = digits.size(); i > 0; --i) {
    digits[i - 1] = kAlphabet[static_cast<std::size_t>(ulid & 31U)];
    ulid >>= 5U;
  }
  std::string text{prefix};
  text.append(digits.data(), digits.size());
  return text;
}

Result<std::int64_t> IdCodec::decode(std::string_view prefix, std::string_view text) const {
  const auto malformed = [&] {
    return fail(
        Errc::kInvalidArgument, std::string{"not an id of the form "} + std::string{prefix} + "…"
    );
  };
  if (!text.starts_with(prefix) || text.size() != prefix.size() + kUlidLength) return malformed();
  text.remove_prefix(prefix.size());
  if (text.front() > '7') return malformed();  // 26 digits hold 130 bits
  Uint128 ulid = 0;
  for (const char digit : text) {
    const std::size_t value = kAlphabet.find(digit);
    if (value == std::string_view::npos) return malformed();
    ulid = (ulid << 5U) | value;
  }
  const auto salt = static_cast<std::uint64_t>(ulid) & kSaltMask;
  const auto row = static_cast<std::uint64_t>(ulid >> 60U);
  if (salt != salt_ || (ulid >> 123U) != 0)
    return fail(Errc::kNotFound, "no such id in this database");
  return static_cast<std::int64_t>(row);
}

Result<EventId> IdCodec::decode_event(std::string_view text) const {
  return decode("evt_", text).map([](std::int64_t row) { return EventId{row}; });
}

Result<EndpointId> IdCodec::decode_endpoint(std::string_view text) const {
  return decode("ep_", text).map([](std::int64_t row) { return EndpointId{row}; });
}

Result<DeliveryId> IdCodec::decode_delivery(std::string_view text) const {
  return decode("dlv_", text).map([](std::int64_t row) { return DeliveryId{row}; });
}

Result<TaskId> IdCodec::decode_task(std::string_view text) const {
  return decode("task_", text).map([](std::int64_t row) { return TaskId{row}; });
}

Result<KeyId> IdCodec::decode_key(std::string_view text) const {
  return decode("key_", text).map([](std::int64_t row) { return KeyId{row}; });
}

}  // namespace postrider
