// The processes that programs run in: when they start, how they end, and what they leave.
#include <csignal>
#include <fstream>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "tests/unit/jq/jq_fixture.h"

namespace postrider::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

/// Whether this process has a child, a zombie included.
bool has_child() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/// Returns a value of /proc/PID/status in KiB.
long status_kib(pid_t pid, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  std::string word;
  long value = 0;
  while (file >> word) {
    if (word == name + ":" && file >> value) return value;
  }
  return -1;
}

TEST(Processes, AreNotStartedBeforeTheFirstJob) {
  auto runner = make_runner(2);
  EXPECT_TRUE(runner->processes().empty());
  EXPECT_FALSE(has_child());
  run(*runner, ".");
  EXPECT_EQ(runner->processes().size(), 1U);
}

TEST(Processes, LeaveNoneBehindWhenTheRunnerEnds) {
  for (int i = 0; i < 3; ++i) {
    auto runner = make_runner(2);
    Outputs outputs;
    for (int job = 0; job < 8; ++job) {
      runner->submit({.owner = job, .programs = {"."}, .input = "1"}, outputs.keep());
    }
    outputs.wait_for(8);
    runner.reset();
    EXPECT_FALSE(has_child());
  }
}

TEST(Processes, ThatAreKilledFromOutsideAreReplaced) {
  auto runner = make_runner();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(run(*runner, ".", "1"), "1");
    const pid_t pid = runner->processes().at(0);
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    // Until it has closed its socket the next job could still be given to it.
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
    EXPECT_EQ(run(*runner, ".", "2"), "2");
    EXPECT_NE(runner->processes().at(0), pid);
  }
}

TEST(Processes, ThatAreStoppedAreReplacedAfterASilence) {
  auto runner = make_runner(1, {.silence = Millis{2000}});
  EXPECT_EQ(run(*runner, ".", "1"), "1");
  ASSERT_EQ(::kill(runner->processes().at(0), SIGSTOP), 0);
  EXPECT_EQ(run(*runner, ".", "2"), "error: it was silent for 2 s");
  EXPECT_EQ(run(*runner, ".", "3"), "3");
}

TEST(Processes, EndWithTheirRunnerThoughTheyAreAtWork) {
  Outputs outputs;
  auto runner = make_runner(2, {.run_cpu = Millis{60'000}, .silence = Millis{60'000}});
  run(*runner, ".");
  constexpr std::size_t kJobs = 20;
  for (std::size_t i = 0; i < kJobs; ++i) {
    runner->submit({.programs = {"def f: f; f", "1"}, .input = "null"}, outputs.keep());
  }
  runner.reset();
  const auto entries = outputs.wait_for(kJobs);
  ASSERT_EQ(entries.size(), kJobs);
  for (const auto& entry : entries) {
    ASSERT_EQ(entry.outputs.size(), 2U);
    EXPECT_EQ(text_of(entry.outputs[0]), "error: the service is shutting down");
    EXPECT_EQ(text_of(entry.outputs[1]), "error: the service is shutting down");
  }
  EXPECT_FALSE(has_child());
}

TEST(Processes, DoNotGrowOverManyRuns) {
  auto runner = make_runner();
  const std::string program =
      R"jq({text: "Order \(.id)", items: [.items[] | select(.n > 1) | .name | ascii_upcase],
            found: (.id | tostring | test("1+")), bad: (try error("x") catch .)})jq";
  const std::string input = R"({"id":17,"items":[{"n":2,"name":"tea"},{"n":1,"name":"cup"}]})";
  const auto run_many = [&](int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_EQ(
          run(*runner, program, input),
          R"({"text":"Order 17","items":["TEA"],"found":true,"bad":"x"})"
      );
    }
  };
  run_many(500);
  const pid_t pid = runner->processes().at(0);
  const long before = status_kib(pid, "VmRSS");
  run_many(5000);
  EXPECT_EQ(runner->processes().at(0), pid);
  const long after = status_kib(pid, "VmRSS");
  ASSERT_GT(before, 0);
  // AddressSanitizer keeps 256 MiB of what was freed, to find out when it is used.
  constexpr long kSlackKib = jq::kSanitized ? 320 * 1024 : 1024;
  EXPECT_LT(after, before + kSlackKib);
}

TEST(Processes, HaveASandbox) {
  auto runner = make_runner();
  run(*runner, ".");
  const pid_t pid = runner->processes().at(0);
  EXPECT_EQ(status_kib(pid, "Seccomp"), 2);
  EXPECT_EQ(status_kib(pid, "NoNewPrivs"), 1);
  std::ifstream limits("/proc/" + std::to_string(pid) + "/limits");
  const std::string text{std::istreambuf_iterator<char>{limits}, {}};
  EXPECT_THAT(text, ::testing::ContainsRegex("Max open files +0 +0"));
  EXPECT_THAT(text, ::testing::ContainsRegex("Max core file size +0 +0"));
}

TEST(Processes, ThatCannotBeStartedAreAReason) {
  auto runner =
      must(jq::ProcessRunner::open({.command = {"/nonexistent/postrider"}, .limits = {}}));
  EXPECT_EQ(run(*runner, "."), "error: cannot start a process for jq: No such file or directory");
  const Status status = runner->check(".");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::kUnavailable);
}

TEST(Processes, ThatAreBusyKeepNobodyWaitingWhoSavesAProgram) {
  auto runner = must(jq::ProcessRunner::open(
      {.command = jq_command(),
       .processes = 1,
       .check_wait = Millis{20},
       .limits = {.run_cpu = Millis{60'000}}}
  ));
  runner->submit({.programs = {"last(range(1e12))"}, .input = "null"}, [](const auto&) {});
  const Status status = runner->check(".");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::kUnavailable);
  EXPECT_EQ(status.error().context, "jq has had no time for it within 20 ms");
}

TEST(Processes, ThatEndAtOnceAreAReason) {
  auto runner = must(jq::ProcessRunner::open({.command = {"/bin/false"}, .limits = {}}));
  EXPECT_EQ(run(*runner, "."), "error: its process ended with status 1");
}

TEST(Processes, AreSharedByManyThreads) {
  auto runner = make_runner(2);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&runner, thread] {
        for (int i = 0; i < 50; ++i) {
          EXPECT_EQ(
              run(*runner, ". + 1", std::to_string(thread * 100)), std::to_string(thread * 100 + 1)
          );
          if (i % 10 == 0) {
            EXPECT_TRUE(runner->check(". + 1"));
          }
        }
      });
    }
  }
  EXPECT_LE(runner->processes().size(), 2U);
}

}  // namespace
}  // namespace postrider::testing
