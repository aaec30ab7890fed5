#include "tests/sim/filters.h"

#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "tests/sim/plan.h"

namespace postrider::sim {

void FilterRunner::submit(ProgramJob job, Done done) {
  std::vector<ProgramOutput> outputs;
  for (const auto& program : job.programs) outputs.push_back(run(program, job.input));
  done(std::move(outputs));
}

ProgramOutput FilterRunner::run(const std::string& program, const std::string& input) {
  if (faults && chance(prng_, 0.03)) return fail(Errc::kUnavailable, "jq is not there");
  if (program == kFilterBreaks) return fail(Errc::kInvalidArgument, "no such member");
  const auto number = nlohmann::json::parse(input).at("data").at("n").get<std::int64_t>();
  const bool wants = program == kFilterTakes || (program == kFilterEven && number % 2 == 0) ||
                     canary_ == Canary::kFilterIgnored;
  if (wants) return std::optional<std::string>{"true"};
  static const std::array<std::optional<std::string>, 3> kNo = {"false", "null", std::nullopt};
  return kNo.at(prng_.below(kNo.size()));
}

}  // namespace postrider::sim
