// The filters of endpoints, run in place.
#pragma once

#include <string>

#include "base/prng.h"
#include "jq/program_runner.h"

#include "tests/sim/canary.h"

namespace postrider::sim {

class FilterRunner final : public ProgramRunner {
 public:
  FilterRunner(Prng prng, Canary canary) : prng_(prng), canary_(canary) {}

  /// Whether programs cannot be run now and then.
  bool faults = true;

  void submit(ProgramJob job, Done done) override;
  [[nodiscard]] Status check(const std::string& /*program*/) override { return {}; }

 private:
  [[nodiscard]] ProgramOutput run(const std::string& program, const std::string& input);

  Prng prng_;
  const Canary canary_;
};

}  // namespace postrider::sim
