// Reads the query string of a request.
#pragma once

#include "api/field_reader.h"
#include "store/records.h"

namespace postrider::api {

/// Reads the parameters of a query string. check() reports parameters that were not read.
class QueryReader final : public FieldReader {
 public:
  /// `request` outlives it.
  explicit QueryReader(const http::Request& request)
      : FieldReader(ForeignIds::kMatchNothing, " (a + is written %2B)"), request_(request) {}

  /// `limit` and `cursor` of a list.
  [[nodiscard]] PageParams page();

  /// Called last: 422 with all errors.
  [[nodiscard]] ApiResult<void> check();

 private:
  [[nodiscard]] std::optional<std::string> take_text(std::string_view name, std::string_view must)
      override;
  [[nodiscard]] std::optional<std::string> take_number(std::string_view name, std::string_view must)
      override;

  const http::Request& request_;
};

}  // namespace postrider::api
