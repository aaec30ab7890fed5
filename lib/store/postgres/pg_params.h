// Parameters of statements in PostgreSQL's binary format, with their types. Nothing is quoted,
// parsed or guessed, and every byte arrives as it is.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/clock.h"
#include "store/rows.h"

namespace postrider::postgres {

/// Types with their OIDs in PostgreSQL's catalog.
enum class Type : std::uint32_t { kBool = 16, kBytea = 17, kInt8 = 20, kText = 25 };

/// Returns the OID of the type of arrays of `element`.
[[nodiscard]] std::uint32_t array_type(Type element);

struct Param {
  std::uint32_t type = 0;
  bool is_null = false;
  std::string bytes{};
};

/// Appends a value in big-endian order, as the protocol requires.
void append_i32(std::string& out, std::int32_t value);
void append_i64(std::string& out, std::int64_t value);

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <class T>
[[nodiscard]] consteval Type type_of() {
  if constexpr (IsOptional<T>::value) {
    return type_of<typename T::value_type>();
  } else if constexpr (std::is_same_v<T, bool>) {
    return Type::kBool;
  } else if constexpr (std::is_same_v<T, Blob>) {
    return Type::kBytea;
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return Type::kText;
  } else {
    return Type::kInt8;
  }
}

/// Appends the bytes of a value that is not NULL.
template <class T>
void append_value(std::string& out, const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    out += value ? '\1' : '\0';
  } else if constexpr (std::is_same_v<T, Blob>) {
    out += value.bytes;
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    out += std::string_view{value};
  } else if constexpr (std::is_integral_v<T>) {
    append_i64(out, static_cast<std::int64_t>(value));
  } else if constexpr (std::is_same_v<T, WallTime>) {
    append_i64(out, unix_ms(value));
  } else if constexpr (std::is_same_v<T, Millis>) {
    append_i64(out, value.count());
  } else {
    append_i64(out, value.value);  // an id
  }
}

/// An array parameter: a column of the rows that one statement writes.
template <class T>
class Array {
 public:
  void add(const T& value) {
    if constexpr (IsOptional<T>::value) {
      if (!value) {
        has_null_ = true;
        append_i32(elements_, -1);
        ++size_;
        return;
      }
      add_value(*value);
    } else {
      add_value(value);
    }
  }

  void add_all(const Array& later) {
    elements_ += later.elements_;
    size_ += later.size_;
    has_null_ = has_null_ || later.has_null_;
  }

  [[nodiscard]] std::int32_t size() const { return size_; }
  [[nodiscard]] std::size_t bytes() const { return elements_.size(); }

  [[nodiscard]] Param param() const {
    std::string bytes;
    bytes.reserve(elements_.size() + 20);
    append_i32(bytes, size_ == 0 ? 0 : 1);  // dimensions
    append_i32(bytes, has_null_ ? 1 : 0);
    append_i32(bytes, static_cast<std::int32_t>(type_of<T>()));
    if (size_ > 0) {
      append_i32(bytes, size_);
      append_i32(bytes, 1);  // the index of the first element
      bytes += elements_;
    }
    return {.type = array_type(type_of<T>()), .bytes = std::move(bytes)};
  }

 private:
  template <class Value>
  void add_value(const Value& value) {
    const std::size_t at = elements_.size();
    append_i32(elements_, 0);
    append_value(elements_, value);
    std::string length;
    append_i32(length, static_cast<std::int32_t>(elements_.size() - at - kLengthBytes));
    elements_.replace(at, kLengthBytes, length);
    ++size_;
  }

  static constexpr std::size_t kLengthBytes = 4;

  std::string elements_;
  std::int32_t size_ = 0;
  bool has_null_ = false;
};

template <class T>
[[nodiscard]] Param param(const T& value) {
  Param made{.type = static_cast<std::uint32_t>(type_of<T>())};
  if constexpr (IsOptional<T>::value) {
    made.is_null = !value.has_value();
    if (value) append_value(made.bytes, *value);
  } else {
    append_value(made.bytes, value);
  }
  return made;
}
template <class T>
[[nodiscard]] Param param(const Array<T>& array) {
  return array.param();
}

}  // namespace postrider::postgres
