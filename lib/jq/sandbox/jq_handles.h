// Owners for values of libjq. Only lib/jq/sandbox includes libjq, and only a worker process calls
// it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

extern "C" {
#include <jq.h>
}

namespace postrider::jq {

struct TearDown {
  void operator()(jq_state* state) const noexcept { jq_teardown(&state); }
};
using State = std::unique_ptr<jq_state, TearDown>;

/// Owns one value. Functions of libjq take ownership of their arguments: pass copy() or release().
class Value {
 public:
  explicit Value(jv value) : value_(value) {}
  Value(Value&& other) noexcept : value_(other.release()) {}
  Value& operator=(Value&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  Value(const Value&) = delete;
  Value& operator=(const Value&) = delete;
  ~Value() { jv_free(value_); }

  [[nodiscard]] jv_kind kind() const { return jv_get_kind(value_); }
  [[nodiscard]] bool is_valid() const { return kind() != JV_KIND_INVALID; }
  [[nodiscard]] jv copy() const { return jv_copy(value_); }
  [[nodiscard]] jv release() { return std::exchange(value_, jv_null()); }
  /// The text of a string. Valid while this value lives.
  [[nodiscard]] std::string_view text() const {
    const int bytes = jv_string_length_bytes(copy());
    return {jv_string_value(value_), static_cast<std::size_t>(bytes)};
  }

 private:
  jv value_;
};

/// Returns the value as compact JSON.
[[nodiscard]] inline Value dump(const Value& value) {
  return Value{jv_dump_string(value.copy(), 0)};
}

}  // namespace postrider::jq
