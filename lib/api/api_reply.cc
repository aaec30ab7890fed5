#include "api/api_reply.h"

namespace postrider::api {

http::Answer json_answer(int status, std::string body) {
  http::Answer answer;
  answer.status = status;
  answer.body = std::move(body);
  answer.content_type = "application/json";
  return answer;
}

http::Answer no_content() {
  http::Answer answer;
  answer.status = 204;
  return answer;
}

Problem list_problem(const Error& error) {
  if (error.code == Errc::kInvalidArgument) {
    return invalid("/cursor", "is no cursor of this list");
  }
  return problem_of(error);
}

}  // namespace postrider::api
