#include "api/api_reply.h"

#include "store/cursors.h"

namespace postrider::api {

http::Response json_response(int status, std::string body) {
  http::Response answer;
  answer.status = status;
  answer.body = std::move(body);
  answer.content_type = "application/json";
  return answer;
}

http::Response no_content() {
  http::Response answer;
  answer.status = 204;
  return answer;
}

Problem list_problem(const Error& error) {
  if (error.code == Errc::kInvalidArgument) {
    return invalid("/cursor", "is not a valid cursor of this list");
  }
  return problem_of(error);
}

std::optional<WallTime> searched_until(
    std::size_t rows, std::size_t limit, std::string_view next_cursor
) {
  if (next_cursor.empty() || rows >= limit) return std::nullopt;
  if (const auto place = position_at(next_cursor, {})) return from_unix_ms(place->at_ms);
  const auto id = id_before(next_cursor, 0);
  return id ? std::optional{EventId{*id}.time()} : std::nullopt;
}

}  // namespace postrider::api
