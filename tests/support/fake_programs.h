// A runner that knows a few programs by name, without jq.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "jq/program_runner.h"

namespace postrider::testing {

/// `fails`, `none` and `missing` do what they say, `false` and `null` are themselves, and of any
/// other program the output is `{"made":true}`. Programs with `syntax` in them do not compile.
class FakePrograms final : public ProgramRunner {
 public:
  void submit(ProgramJob job, Done done) override {
    std::vector<ProgramOutput> outputs;
    for (const auto& program : job.programs) outputs.push_back(run(program));
    done(std::move(outputs));
  }

  [[nodiscard]] Status check(const std::string& program) override {
    if (program.find("syntax") == std::string::npos) return {};
    return fail(Errc::kInvalidArgument, "syntax error");
  }

 private:
  static ProgramOutput run(const std::string& program) {
    if (program == "fails") return fail(Errc::kInvalidArgument, "it fails");
    if (program == "missing") return fail(Errc::kUnavailable, "jq is missing");
    if (program == "none") return std::optional<std::string>{};
    if (program == "false" || program == "null") return std::optional<std::string>{program};
    return std::optional<std::string>{R"({"made":true})"};
  }
};

}  // namespace postrider::testing
