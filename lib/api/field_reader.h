// The common part of reading query strings and bodies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "api/problem.h"
#include "base/clock.h"
#include "domain/id.h"

namespace postrider::api {

/// Reads the named values of a request one by one and collects errors, with `/name` as their
/// pointer. Names outlive the reader.
class FieldReader {
 public:
  virtual ~FieldReader() = default;
  FieldReader(const FieldReader&) = delete;
  FieldReader& operator=(const FieldReader&) = delete;

  [[nodiscard]] std::string tenant();
  [[nodiscard]] std::string event_type(std::string_view name);
  [[nodiscard]] std::optional<WallTime> instant(std::string_view name);
  [[nodiscard]] std::optional<std::int64_t> integer(
      std::string_view name, std::int64_t min, std::int64_t max
  );

  /// One of a set of names, which `parse` of the domain knows. `allowed`: the names, for the error.
  template <class Parse>
  [[nodiscard]] auto choice(std::string_view name, const Parse& parse, std::string_view allowed)
      -> std::optional<typename decltype(parse(std::string_view{}))::value_type> {
    const auto text = take_text(name, "must be a string");
    if (!text) return std::nullopt;
    auto parsed = parse(*text);
    if (parsed) return *parsed;
    wrong(name, fmt::format("must be one of {}", allowed));
    return std::nullopt;
  }

  /// An id. In a query string, an id of another database is read as kNoRow, so that the list is
  /// empty; in a body, which requests a change, it is an error.
  template <class Decode>
  [[nodiscard]] auto id(std::string_view name, const Decode& decode, std::string_view prefix)
      -> std::optional<typename decltype(decode(std::string_view{}))::value_type> {
    const auto text = take_text(name, "must be a string");
    if (!text) return std::nullopt;
    auto decoded = decode(*text);
    if (decoded) return *decoded;
    if (decoded.error().code != Errc::kNotFound) {
      wrong(name, fmt::format("must be an id: {} and 26 characters", prefix));
    } else if (foreign_ids_ == ForeignIds::kRefused) {
      wrong(name, "is an id of another database");
    }
    return typename decltype(decode(std::string_view{}))::value_type{kNoRow};
  }

  void wrong(std::string_view name, std::string detail);
  [[nodiscard]] FieldErrors& errors() { return errors_; }

 protected:
  enum class ForeignIds : bool { kRefused, kMatchNothing };

  /// `instant_hint`: added to the error about a text that is not an instant.
  explicit FieldReader(ForeignIds foreign_ids, std::string_view instant_hint = {})
      : foreign_ids_(foreign_ids), instant_hint_(instant_hint) {}
  FieldReader(FieldReader&&) = default;
  FieldReader& operator=(FieldReader&&) = default;

  /// Marks the name as known.
  void know(std::string_view name) { known_.push_back(name); }
  /// Records the error of an unknown name (`unknown`), or of a repeated one.
  void classify(std::string_view name, bool repeated, std::string_view unknown);
  /// 422 with all errors.
  [[nodiscard]] ApiResult<void> verdict();

 private:
  // The value, nothing if it is missing. `must`: the error about a value of another kind, which is
  // recorded and treated as missing.
  [[nodiscard]] virtual std::optional<std::string> take_text(
      std::string_view name, std::string_view must
  ) = 0;
  /// The digits of a number.
  [[nodiscard]] virtual std::optional<std::string> take_number(
      std::string_view name, std::string_view must
  ) = 0;

  ForeignIds foreign_ids_;
  std::string_view instant_hint_;
  std::vector<std::string_view> known_;
  FieldErrors errors_;
};

}  // namespace postrider::api
