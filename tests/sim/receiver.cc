#include "tests/sim/receiver.h"

#include <array>
#include <string>

#include <fmt/format.h>

#include "tests/sim/plan.h"

namespace postrider::sim {
namespace {

template <std::size_t N>
int pick_status(Prng& prng, const std::array<int, N>& from) {
  return from.at(prng.below(N));
}

std::string draw_retry_after(Prng& prng, WallTime wall) {
  switch (prng.below(4)) {
    case 0:
      return {};
    case 1:
      return "soon";
    case 2:
      return http_date(wall + draw_millis(prng, Millis{30'000}) - Millis{5000});
    default:
      return std::to_string(prng.below(20));
  }
}

void fail(Answer& answer, Response::Failure failure) {
  answer.response.failure = failure;
  answer.response.error = "simulated";
  answer.arrives = false;
}

}  // namespace

std::string http_date(WallTime time) {
  static constexpr std::array<const char*, 7> kDays = {
      "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::seconds>(time - day)};
  return fmt::format(
      "{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
      kDays.at(std::chrono::weekday{day}.c_encoding()),
      static_cast<unsigned>(date.day()),
      kMonths.at(static_cast<unsigned>(date.month()) - 1),
      static_cast<int>(date.year()),
      clock.hours().count(),
      clock.minutes().count(),
      clock.seconds().count()
  );
}

Answer draw_answer(Prng& prng, Mode mode, Millis timeout, WallTime wall) {
  Answer answer;
  Response& response = answer.response;
  answer.after = chance(prng, 0.8) ? draw_millis(prng, Millis{50}) : draw_millis(prng, timeout);
  if (mode == Mode::kFlaky) mode = chance(prng, 0.5) ? Mode::kHealthy : Mode::kFailing;
  switch (mode) {
    case Mode::kHealthy:
    case Mode::kFlaky:
      response.status = pick_status(prng, std::array{200, 201, 202, 204, 299});
      break;
    case Mode::kFailing:
      response.status = pick_status(prng, std::array{500, 501, 404, 400, 301, 401, 199, 300});
      response.body = "no";
      break;
    case Mode::kThrottling:
      response.status = pick_status(prng, std::array{429, 502, 503, 504});
      response.retry_after = draw_retry_after(prng, wall);
      break;
    case Mode::kStalling:
      answer.after = timeout;
      fail(answer, Response::Failure::kTimeout);
      break;
    case Mode::kRefusing:
      fail(
          answer,
          static_cast<Response::Failure>(
              static_cast<int>(Response::Failure::kConnect) + static_cast<int>(prng.below(4))
          )
      );
      break;
    case Mode::kGarbage:
      if (chance(prng, 0.5)) fail(answer, Response::Failure::kInvalid);
      response.status = pick_status(prng, std::array{0, 99, 600, 999, -1});
      response.retry_after = "\x01\xff";
      response.body = std::string{"\0\xfe\x80garbage", 10};
      break;
    case Mode::kGone:
      response.status = chance(prng, 0.3) ? 410 : 200;
      break;
  }
  response.duration = answer.after;
  return answer;
}

}  // namespace postrider::sim
