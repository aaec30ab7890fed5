// Reads the query string of a request.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "api/problem.h"
#include "base/clock.h"
#include "store/records.h"

namespace postrider::api {

/// Takes parameters one by one; what is wrong is collected, with `/name` as its pointer. Whatever
/// was not taken is refused by name in check().
class QueryReader {
 public:
  /// `request` outlives it.
  explicit QueryReader(const http::Request& request) : request_(request) {}

  /// `limit` and `cursor` of a list.
  [[nodiscard]] PageParams page();
  [[nodiscard]] std::string tenant();
  [[nodiscard]] std::string event_type(std::string_view name);
  [[nodiscard]] std::optional<WallTime> instant(std::string_view name);
  [[nodiscard]] std::optional<std::int64_t> integer(
      std::string_view name, std::int64_t min, std::int64_t max
  );

  /// One of a set of names; `parse` is the domain's. `allowed`: what to say of others.
  template <class Parse>
  [[nodiscard]] auto choice(std::string_view name, const Parse& parse, std::string_view allowed)
      -> std::optional<typename decltype(parse(std::string_view{}))::value_type> {
    const auto text = take(name);
    if (!text) return std::nullopt;
    auto parsed = parse(*text);
    if (parsed) return *parsed;
    wrong(name, fmt::format("must be one of {}", allowed));
    return std::nullopt;
  }

  /// An id. One of another database is an id that nothing has.
  template <class Decode>
  [[nodiscard]] auto id(std::string_view name, const Decode& decode, std::string_view prefix)
      -> std::optional<typename decltype(decode(std::string_view{}))::value_type> {
    const auto text = take(name);
    if (!text) return std::nullopt;
    auto decoded = decode(*text);
    if (decoded) return *decoded;
    if (decoded.error().code != Errc::kNotFound) {
      wrong(name, fmt::format("must be an id: {} and 26 characters", prefix));
    }
    return typename decltype(decode(std::string_view{}))::value_type{-1};
  }

  void wrong(std::string_view name, std::string detail);

  /// Call last: 422 with all that was wrong.
  [[nodiscard]] Needed<void> check();

 private:
  /// The parameter's value; nothing when it was left out.
  [[nodiscard]] std::optional<std::string_view> take(std::string_view name);

  const http::Request& request_;
  std::vector<std::string_view> known_;
  FieldErrors errors_;
};

}  // namespace postrider::api
