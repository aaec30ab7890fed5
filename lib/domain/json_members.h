// Helpers that read JSON members and report errors, for the codecs of this module.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "domain/field_error.h"

namespace postrider {

/// Adds an error, up to limits::kFieldErrorsMax.
inline void add_error(FieldErrors& errors, std::string pointer, std::string detail) {
  if (errors.size() < limits::kFieldErrorsMax)
    errors.push_back({std::move(pointer), std::move(detail)});
}

/// Reads an integer within bounds. As in JSON Schema, 10.0 and 1e1 are integers.
[[nodiscard]] inline std::optional<std::int64_t> read_integer(
    const nlohmann::json& value,
    std::int64_t min,
    std::int64_t max,
    const std::string& pointer,
    FieldErrors& errors
) {
  const bool fits_int64 =
      value.is_number_integer() && (!value.is_number_unsigned() ||
                                    value.get<std::uint64_t>() <= static_cast<std::uint64_t>(max));
  if (fits_int64) {
    const auto number = value.get<std::int64_t>();
    if (number >= min && number <= max) return number;
  }
  if (value.is_number_float()) {
    const auto number = value.get<double>();
    const bool fits = number >= static_cast<double>(min) && number <= static_cast<double>(max);
    if (fits && number == std::trunc(number)) return static_cast<std::int64_t>(number);
  }
  add_error(errors, pointer, fmt::format("must be an integer from {} to {}", min, max));
  return std::nullopt;
}

[[nodiscard]] inline std::optional<double> read_number(
    const nlohmann::json& value,
    double min,
    double max,
    const std::string& pointer,
    FieldErrors& errors
) {
  if (value.is_number() && value.get<double>() >= min && value.get<double>() <= max) {
    return value.get<double>();
  }
  add_error(errors, pointer, fmt::format("must be a number from {} to {}", min, max));
  return std::nullopt;
}

/// Returns the text of a string; null, without an error, for a value of another type.
[[nodiscard]] inline const std::string* as_string(const nlohmann::json& value) {
  return value.get_ptr<const nlohmann::json::string_t*>();
}

/// Reads a string of 1 to `size_max` bytes; returns an empty string, with an error, for other
/// values.
[[nodiscard]] inline std::string read_text(
    const nlohmann::json& value,
    std::size_t size_max,
    const std::string& pointer,
    FieldErrors& errors
) {
  const auto* const text = as_string(value);
  if (text != nullptr && !text->empty() && text->size() <= size_max) return *text;
  add_error(errors, pointer, fmt::format("must be a string of 1 to {} bytes", size_max));
  return {};
}

}  // namespace postrider
