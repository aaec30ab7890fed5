// Reads the JSON body of a request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "api/problem.h"
#include "base/clock.h"
#include "json/raw_json.h"

namespace postrider::api {

/// The media type of a request's body, in lower case and without parameters; empty when it has
/// none.
[[nodiscard]] std::string media_type(const http::Request& request);

/// 415 unless the body is said to be JSON, or nothing is said of it.
[[nodiscard]] Needed<void> require_json(const http::Request& request);

/// The members of an object that came as a body. Takes them one by one; what is wrong is collected,
/// and what was not taken is refused by name in check(). A null is a member left out.
class BodyReader {
 public:
  /// 415, 400, or 422 when it is no object. An empty body is an empty object. `request` outlives
  /// the reader.
  [[nodiscard]] static Needed<BodyReader> open(const http::Request& request);

  [[nodiscard]] std::optional<std::string> text(std::string_view name, std::size_t length_max);
  [[nodiscard]] std::optional<bool> boolean(std::string_view name);
  [[nodiscard]] std::optional<std::int64_t> integer(
      std::string_view name, std::int64_t min, std::int64_t max
  );
  [[nodiscard]] std::optional<WallTime> instant(std::string_view name);
  /// The bytes of any value; they live as long as the request.
  [[nodiscard]] std::optional<std::string_view> raw(std::string_view name);
  [[nodiscard]] std::string tenant();
  [[nodiscard]] std::string event_type(std::string_view name);
  /// Whether the member is there and null.
  [[nodiscard]] bool is_null(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }

  /// See QueryReader::choice.
  template <class Parse>
  [[nodiscard]] auto choice(std::string_view name, const Parse& parse, std::string_view allowed)
      -> std::optional<typename decltype(parse(std::string_view{}))::value_type> {
    const auto given = text(name, kChoiceLengthMax);
    if (!given) return std::nullopt;
    auto parsed = parse(*given);
    if (parsed) return *parsed;
    wrong(name, fmt::format("must be one of {}", allowed));
    return std::nullopt;
  }

  /// See QueryReader::id.
  template <class Decode>
  [[nodiscard]] auto id(std::string_view name, const Decode& decode, std::string_view prefix)
      -> std::optional<typename decltype(decode(std::string_view{}))::value_type> {
    const auto given = text(name, kChoiceLengthMax);
    if (!given) return std::nullopt;
    auto decoded = decode(*given);
    if (decoded) return *decoded;
    if (decoded.error().code != Errc::kNotFound) {
      wrong(name, fmt::format("must be an id: {} and 26 characters", prefix));
    }
    return typename decltype(decode(std::string_view{}))::value_type{-1};
  }

  void wrong(std::string_view name, std::string detail);
  void required(std::string_view name);
  [[nodiscard]] FieldErrors& errors() { return errors_; }

  /// Call last: 422 with all that was wrong.
  [[nodiscard]] Needed<void> check();

 private:
  static constexpr std::size_t kChoiceLengthMax = 128;

  explicit BodyReader(json::RawDocument document) : document_(std::move(document)) {}

  [[nodiscard]] const json::RawValue* find(std::string_view name) const;
  /// The value of a member that is there and not null, of that kind; else what is wrong is noted.
  [[nodiscard]] const json::RawValue* take(
      std::string_view name, json::Kind kind, std::string_view must
  );

  json::RawDocument document_;
  std::vector<std::string_view> known_;
  FieldErrors errors_;
};

}  // namespace postrider::api
