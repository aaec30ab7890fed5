#include "app/postrider/cli.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// A variable of the environment for one test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

class CliTest : public testing::Test {
 protected:
  struct Options {
    std::string word = "default";
    std::vector<std::string> items;
    std::int64_t count = 1;
    bool loud = false;
    std::string thing;
  };

  CliTest() {
    const Command fetch = cli_.root().add("fetch", "Fetch it", "tool fetch it");
    fetch.argument("THING", options_.thing, "What");
    fetch.text("word", options_.word, "A word");
    fetch.list("item", options_.items, "Items", ',');
    fetch.number("count", options_.count, {1, 9}, "How many");
    fetch.flag("loud", options_.loud, "Say so");
    for (const char* name : {"word", "item", "count"}) fetch.allow_environment(name);
    fetch.run([](Io&) { return kExitDone; });
    command_.emplace(fetch);
    const Command group = cli_.root().add("group", "Others");
    const Command other = group.add("other", "Another");
    other.number("count", other_count_, {100, 200}, "How many");
    other.text("elsewhere", elsewhere_, "Elsewhere");
    other.allow_environment();
    other.run_checked([](Io&) -> Result<int> { return fail(Errc::kUnavailable, "no luck"); });
  }
  ~CliTest() override { std::filesystem::remove(config_); }

  int run(std::vector<std::string> args) { return cli_.run(std::move(args), io_); }
  std::string write_config(const char* text) {
    std::ofstream(config_) << text;
    return config_;
  }

  Cli cli_{"tool", "A tool", "1.2.3"};
  Options options_;
  std::optional<Command> command_;  // fetch
  std::int64_t other_count_ = 150;
  std::string elsewhere_;
  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
  Io io_{in_, out_, err_};
  const std::string config_ = testing::TempDir() + "postrider_cli_" +
                              testing::UnitTest::GetInstance()->current_test_info()->name() +
                              ".toml";
};

TEST_F(CliTest, TakesValuesFromTheCommandLine) {
  ASSERT_EQ(run({"fetch", "--item", "a", "--item", "b,c", "it", "--loud", "--count", "3"}), 0);
  EXPECT_EQ(options_.thing, "it");
  EXPECT_THAT(options_.items, ElementsAre("a", "b", "c"));
  EXPECT_EQ(options_.count, 3);
  EXPECT_TRUE(options_.loud);
}

TEST_F(CliTest, TakesAnArgumentNamedLikeACommand) {
  ASSERT_EQ(run({"fetch", "group"}), 0);
  EXPECT_EQ(options_.thing, "group");
}

TEST_F(CliTest, PrefersCommandLineThenEnvironmentThenFile) {
  const auto config =
      write_config("word = \"file\"\ncount = 2\nitem = [\"x\", \"y\"]\n[fetch]\nloud = true\n");
  const Variable word("POSTRIDER_WORD", "environment");
  ASSERT_EQ(run({"fetch", "it", "--config", config}), 0) << err_.str();
  EXPECT_EQ(options_.word, "environment");
  EXPECT_EQ(options_.count, 2);
  EXPECT_THAT(options_.items, ElementsAre("x", "y"));
  EXPECT_TRUE(options_.loud);
}

TEST_F(CliTest, KnowsWhichFlagsStandOnTheCommandLine) {
  const Variable word("POSTRIDER_WORD", "environment");
  ASSERT_EQ(run({"fetch", "it", "--count=2", "--item", "a"}), 0);
  EXPECT_TRUE(command_->is_given("count"));
  EXPECT_TRUE(command_->is_given("item"));
  EXPECT_FALSE(command_->is_given("word")) << "it has a value from elsewhere";
  EXPECT_EQ(options_.word, "environment");
}

TEST_F(CliTest, CommandLineWinsOverFile) {
  const auto config = write_config("word = \"file\"\n");
  ASSERT_EQ(run({"--config", config, "fetch", "it", "--word", "given"}), 0) << err_.str();
  EXPECT_EQ(options_.word, "given");
}

TEST_F(CliTest, FindsTheFileThroughTheEnvironment) {
  const auto config = write_config("[fetch]\nword = \"file\"\n");
  const Variable variable("POSTRIDER_CONFIG", config.c_str());
  ASSERT_EQ(run({"fetch", "it"}), 0) << err_.str();
  EXPECT_EQ(options_.word, "file");
}

TEST_F(CliTest, SkipsKeysAndVariablesOfOtherCommands) {
  const auto config = write_config("elsewhere = \"x\"\n[group.other]\ncount = 100\n");
  ASSERT_EQ(run({"fetch", "it", "--config", config}), 0) << err_.str();
  EXPECT_EQ(options_.count, 1);
  EXPECT_EQ(elsewhere_, "");
}

TEST_F(CliTest, JudgesAVariableByTheCommandThatRuns) {
  const Variable count("POSTRIDER_COUNT", "150");
  EXPECT_EQ(run({"group", "other"}), kExitFailed);
  EXPECT_EQ(err_.str(), "postrider: no luck\n");
  EXPECT_EQ(run({"fetch", "it"}), kExitUsage);
}

TEST_F(CliTest, AFlagThatAllowsNoEnvironmentTakesNeitherVariablesNorKeysOutsideSections) {
  const Variable loud("POSTRIDER_LOUD", "true");
  ASSERT_EQ(run({"fetch", "it", "--config", write_config("loud = true\n")}), 0) << err_.str();
  EXPECT_FALSE(options_.loud);
  ASSERT_EQ(run({"fetch", "it", "--config", write_config("[fetch]\nloud = true\n")}), 0);
  EXPECT_TRUE(options_.loud) << "a section names the command";
}

TEST_F(CliTest, AWrongValueOfAVariableNamesTheVariable) {
  const Variable count("POSTRIDER_COUNT", "tcp://10.0.0.1:8080");
  EXPECT_EQ(run({"fetch", "it"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("--count"));
  EXPECT_THAT(err_.str(), HasSubstr("(from POSTRIDER_COUNT)"));
  err_.str("");
  EXPECT_EQ(run({"fetch", "it", "--count", "10"}), kExitUsage);
  EXPECT_THAT(err_.str(), Not(HasSubstr("from POSTRIDER_COUNT")));
}

TEST_F(CliTest, AnswersUnknownWordsWithTheNearestOne) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong{
      {{"fetsh"}, "unknown command 'fetsh'; did you mean 'fetch'? (see tool --help)"},
      {{"group", "othre"},
       "unknown command 'othre'; did you mean 'other'? (see tool group --help)"},
      {{"fetch", "it", "--wrod", "x"},
       "unknown flag '--wrod'; did you mean '--word'? (see tool fetch --help)"},
      {{"fetch", "--wrod=x"},
       "unknown flag '--wrod'; did you mean '--word'? (see tool fetch --help)"},
      {{"zebra"}, "unknown command 'zebra' (see tool --help)"},
      {{"fetch", "it", "--zebra"}, "unknown flag '--zebra' (see tool fetch --help)"},
      {{"fetch", "it", "more"}, "unexpected argument 'more' (see tool fetch --help)"},
      {{"help", "fetsh"}, "unknown command 'fetsh'; did you mean 'fetch'?"},
      {{"\x1b[2J"}, "unknown command '\\x1b[2J' (see tool --help)"}};
  for (const auto& [args, message] : wrong) {
    err_.str("");
    EXPECT_EQ(run(args), kExitUsage);
    EXPECT_EQ(err_.str(), "postrider: " + message + "\n");
  }
}

TEST_F(CliTest, WrongUsageIsOneLineAndStatusTwo) {
  const auto unknown_key = write_config("wrod = \"x\"\n");
  const std::vector<std::vector<std::string>> wrong{
      {},
      {"fetch"},
      {"nonsense"},
      {"fetch", "it", "--nonsense"},
      {"fetch", "it", "more"},
      {"fetch", "it", "--count", "10"},
      {"fetch", "it", "--count", "x"},
      {"fetch", "it", "--word"},
      {"group"},
      {"group", "nonsense"},
      {"fetch", "it", "--config", unknown_key},
      {"fetch", "it", "--config", "/does/not/exist"}};
  for (const auto& args : wrong) {
    err_.str("");
    EXPECT_EQ(run(args), kExitUsage) << testing::PrintToString(args);
    const std::string message = err_.str();
    EXPECT_THAT(message, testing::StartsWith("postrider: ")) << testing::PrintToString(args);
    EXPECT_EQ(message.find('\n'), message.size() - 1) << message;
  }
  EXPECT_THAT(out_.str(), IsEmpty());
}

TEST_F(CliTest, NamesTheUnknownKeyOfAFile) {
  const auto config = write_config("[fetch]\nwrod = \"x\"\n");
  EXPECT_EQ(run({"fetch", "it", "--config", config}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("wrod"));
}

TEST_F(CliTest, HelpShowsAnExample) {
  EXPECT_EQ(run({"fetch", "--help"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("Example:\n  tool fetch it"));
}

TEST_F(CliTest, HelpIsACommand) {
  EXPECT_EQ(run({"help"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("Fetch it"));
  out_.str("");
  EXPECT_EQ(run({"fetch", "--help"}), 0);
  const std::string of_fetch = out_.str();
  out_.str("");
  EXPECT_EQ(run({"help", "fetch"}), 0);
  EXPECT_EQ(out_.str(), of_fetch);
  out_.str("");
  EXPECT_EQ(run({"help", "group", "other"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("(Env:POSTRIDER_ELSEWHERE)"));
}

TEST_F(CliTest, PrintsItsVersion) {
  EXPECT_EQ(run({"--version"}), 0);
  EXPECT_EQ(out_.str(), "tool 1.2.3\n");
}

}  // namespace
}  // namespace postrider::cli
