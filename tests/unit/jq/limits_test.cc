// Programs that use too much cost themselves alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/types.h>

#include "tests/unit/jq/jq_fixture.h"

namespace postrider::testing {
namespace {

using ::testing::AnyOf;
using ::testing::StartsWith;

const std::string kCpu = "error: used more than 100 ms of processor time";
const std::string kMemory = "error: used more than 64 MiB of memory";
const std::string kCrash = "error: jq crashed on it";

/// An input that is larger than a socket holds.
std::string large_input(std::size_t bytes) { return "\"" + std::string(bytes, 'x') + "\""; }

/// For work that sanitizers make ten times as long.
constexpr jq::SandboxLimits kPatient{.run_cpu = Millis{20'000}, .silence = Millis{60'000}};

class ProgramLimits : public ::testing::Test {
 protected:
  /// The outputs of `program` between two that are fine.
  std::string run_between(const std::string& program) {
    const auto outputs = run_all(*runner_, {".a", program, ".b"}, R"({"a":1,"b":2})");
    EXPECT_EQ(text_of(outputs[0]), "1");
    EXPECT_EQ(text_of(outputs[2]), "2");
    EXPECT_EQ(run(*runner_, ".", "3"), "3");
    return text_of(outputs[1]);
  }

  std::unique_ptr<jq::ProcessRunner> runner_ = make_runner();
};

/// What a build that does not limit memory cannot show: those with a sanitizer, see
/// lib/jq/sandbox/limits.h. Builds without one run it.
class ProgramMemory : public ProgramLimits {
 protected:
  void SetUp() override {
    if (!jq::kMemoryIsLimited) GTEST_SKIP() << "memory is not limited in builds with a sanitizer";
  }
};

TEST_F(ProgramLimits, EndLoops) {
  EXPECT_EQ(run_between("def f: f; f"), kCpu);
  EXPECT_EQ(run_between("last(range(infinite))"), kCpu);
  EXPECT_THAT(run_between("[limit(1e12; repeat(1))]"), AnyOf(kCpu, kMemory));
}

TEST_F(ProgramLimits, EndLoopsWithinJqsFunctions) { EXPECT_EQ(run_between(R"("" * 2e9)"), kCpu); }

TEST_F(ProgramLimits, EndCatastrophicExpressions) {
  // The library has a bound of its own, which a fast machine reaches first.
  EXPECT_THAT(
      run_between(R"("a" * 30 + "b" | test("^(a|aa|aaa)*$"))"),
      AnyOf(kCpu, StartsWith("error: Regex failure: "))
  );
}

TEST_F(ProgramLimits, EndLoopsOverPaths) {
  EXPECT_EQ(run_between("path(def f: f; f)"), kCpu);
  EXPECT_THAT(run_between("last(path(repeat(.a?)))"), AnyOf(kCpu, kMemory));
  EXPECT_EQ(run_between("[[1]] | paths | def f: f; f"), kCpu);
}

TEST_F(ProgramLimits, LeaveTheProcessAliveWhenALoopEnds) {
  if (!jq::kSignalsAreHandledAtOnce)
    GTEST_SKIP() << "ThreadSanitizer delays signals, so that loops are ended with their process";
  run(*runner_, ".");
  const auto before = runner_->processes();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run(*runner_, "def f: f; f"), kCpu);
  EXPECT_EQ(run(*runner_, "[limit(3; repeat(1))]"), "[1,1,1]");
  EXPECT_EQ(runner_->processes(), before);
}

TEST_F(ProgramMemory, EndWhatEatsMemory) {
  EXPECT_EQ(run_between(R"(reduce range(40) as $i ("x"; . + .) | length)"), kMemory);
  EXPECT_THAT(run_between("reduce range(40) as $i ([1]; . + .) | length"), AnyOf(kMemory, kCpu));
}

TEST_F(ProgramLimits, LetProgramsUseMuchMemory) {
  runner_ = make_runner(1, kPatient);
  EXPECT_EQ(run_between(R"(reduce range(23) as $i ("x"; . + .) | length)"), "8388608");
}

TEST_F(ProgramLimits, EndDeepNesting) {
  EXPECT_THAT(run_between("reduce range(1000000) as $i (0; [.])"), AnyOf(kCpu, kMemory, kCrash));
  EXPECT_THAT(run_between("def f: [f]; f"), AnyOf(kCpu, kMemory, kCrash));
}

TEST_F(ProgramLimits, EndLargeOutputs) {
  runner_ = make_runner(1, kPatient);
  const std::string expected = "error: its output is larger than 1 MiB";
  EXPECT_EQ(run_between(R"("x" * 1048575)"), expected);
  EXPECT_EQ(run_between(R"("x" * 1048574 | length)"), "1048574");
  EXPECT_EQ(run_between(R"("x" * 1048574)").size(), 1048576U);
}

TEST_F(ProgramLimits, EndEachOfSeveralProgramsThatUseTooMuch) {
  const auto outputs = run_all(*runner_, {"def f: f; f", "1", R"("" * 2e9)", "2"}, "null");
  EXPECT_EQ(text_of(outputs[0]), kCpu);
  EXPECT_EQ(text_of(outputs[1]), "1");
  EXPECT_EQ(text_of(outputs[2]), kCpu);
  EXPECT_EQ(text_of(outputs[3]), "2");
}

TEST_F(ProgramLimits, EndProgramsThatTakeTooLongToCompile) {
  auto runner = make_runner(1, {.prepare_cpu = Millis{2}});
  const Status status = runner->check(".");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::kInvalidArgument);
  EXPECT_EQ(status.error().context, "needs to compile more than 2 ms of processor time");
}

TEST_F(ProgramLimits, TakeLargeInputs) {
  const std::size_t bytes = 4U << 20U;
  EXPECT_EQ(run(*runner_, "length", large_input(bytes)), std::to_string(bytes));
  EXPECT_EQ(run(*runner_, "length", large_input(1)), "1");
}

/// A text that needs several hundred times its size in memory.
std::string hungry_input(int count) {
  std::string input = "[[]";
  for (int i = 1; i < count; ++i) input += ",[]";
  return input + "]";
}

TEST_F(ProgramMemory, DoNotBlameAProgramForWhatOthersLeftInTheProcess) {
  // About the largest input that a new process takes: where things lie differs from one to another.
  int taken = 10'000;
  for (int refused = 400'000; refused - taken > 4'000;) {
    const int count = (taken + refused) / 2;
    const bool fits =
        run(*make_runner(1, kPatient), "length", hungry_input(count)) == std::to_string(count);
    (fits ? taken : refused) = count;
  }
  taken -= taken / 8;
  auto runner = make_runner(1, kPatient);
  for (int i = 0; i < 100; ++i) {
    // Compiled it is 220 times as large.
    std::string program = "if . then " + std::to_string(i) + " else .";
    for (int part = 0; part < 140; ++part) program += "|map(.)";
    EXPECT_EQ(run(*runner, program + " end", "true"), std::to_string(i));
  }
  const auto worked = runner->processes();
  EXPECT_EQ(run(*runner, "length", hungry_input(taken)), std::to_string(taken));
  EXPECT_NE(runner->processes(), worked) << "the process that had worked had the memory, too";
}

TEST_F(ProgramMemory, BlameTheInputThatIsTooLarge) {
  const std::string input = hungry_input(400'000);
  const auto outputs = run_all(*runner_, {"1", "2"}, input);
  EXPECT_EQ(text_of(outputs[0]), "error: its input needs more than 64 MiB of memory");
  EXPECT_EQ(text_of(outputs[1]), "error: its input needs more than 64 MiB of memory");
  EXPECT_EQ(run(*runner_, ".", "3"), "3");
}

TEST_F(ProgramLimits, KeepMoreProgramsThanTheCacheHolds) {
  auto runner = make_runner(1, {.cached = 2});
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(run(*runner, std::to_string(i)), std::to_string(i));
  }
}

}  // namespace
}  // namespace postrider::testing
