#include "store/postgres/pg_params.h"

namespace postrider::postgres {
namespace {

template <class Unsigned>
void append_big_endian(std::string& out, Unsigned value) {
  for (int shift = static_cast<int>(sizeof(value)) * 8 - 8; shift >= 0; shift -= 8)
    out += static_cast<char>(static_cast<unsigned char>(value >> static_cast<unsigned>(shift)));
}

}  // namespace

std::uint32_t array_type(Type element) {
  switch (element) {
    case Type::kBool:
      return 1000;
    case Type::kBytea:
      return 1001;
    case Type::kInt8:
      return 1016;
    case Type::kText:
      return 1009;
  }
  return 0;
}

void append_i32(std::string& out, std::int32_t value) {
  append_big_endian(out, static_cast<std::uint32_t>(value));
}

void append_i64(std::string& out, std::int64_t value) {
  append_big_endian(out, static_cast<std::uint64_t>(value));
}

}  // namespace postrider::postgres
