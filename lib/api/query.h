// Reads the query string of a request.
#pragma once

#include "api/field_reader.h"
#include "store/records.h"

namespace postrider::api {

/// The parameters of a query string. Whatever was not taken is refused by name in check().
class QueryReader final : public FieldReader {
 public:
  /// `request` outlives it.
  explicit QueryReader(const http::Request& request)
      : FieldReader(ForeignIds::kMatchNothing, " (a + is written %2B)"), request_(request) {}

  /// `limit` and `cursor` of a list.
  [[nodiscard]] PageParams page();

  /// Call last: 422 with all that was wrong.
  [[nodiscard]] ApiResult<void> check();

 private:
  [[nodiscard]] std::optional<std::string> take_text(std::string_view name, std::string_view must)
      override;
  [[nodiscard]] std::optional<std::string> take_number(std::string_view name, std::string_view must)
      override;

  const http::Request& request_;
};

}  // namespace postrider::api
