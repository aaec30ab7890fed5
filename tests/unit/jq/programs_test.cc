// What programs can say and what they cannot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"

#include "tests/unit/jq/jq_fixture.h"

namespace postrider::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

/// One process for all tests of this file: what one leaves behind another one would find.
class Programs : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { runner() = make_runner(); }
  static void TearDownTestSuite() { runner().reset(); }

  static std::unique_ptr<jq::ProcessRunner>& runner() {
    static std::unique_ptr<jq::ProcessRunner> shared;  // tidy: mutable-static (the suite's)
    return shared;
  }
  static std::string run(const std::string& program, const std::string& input = "null") {
    return testing::run(*runner(), program, input);
  }
  static std::string check(const std::string& program) {
    const Status status = runner()->check(program);
    if (status) return "";
    EXPECT_EQ(status.error().code, Errc::kInvalidArgument);
    return status.error().context;
  }
};

TEST_F(Programs, MakeCompactJsonOfTheirInput) {
  EXPECT_EQ(run(".", R"({ "a" : [1, "ü\u0041"] })"), R"({"a":[1,"üA"]})");
  EXPECT_EQ(
      run(R"jq({text: "Order \(.id)", n: (.items | length)})jq", R"({"id":7,"items":[1,2]})"),
      R"({"text":"Order 7","n":2})"
  );
  EXPECT_EQ(run(""), "null");
}

TEST_F(Programs, GiveTheirFirstOutputAndDoNotComputeTheRest) {
  EXPECT_EQ(run("1, 2, error"), "1");
  EXPECT_EQ(run("range(infinite)"), "0");
}

TEST_F(Programs, MayBeDefinitionsOrACommentOnly) {
  EXPECT_EQ(run("def f: 1;", "2"), "2");
  EXPECT_EQ(run("# nothing", "2"), "2");
  EXPECT_EQ(run("1 # nothing", "2"), "1");
  EXPECT_EQ(run("def f: 1; f, f"), "1");
  EXPECT_EQ(
      check("1) | (2"),
      "syntax error, unexpected INVALID_CHARACTER, expecting $end at <top-level>, line 1"
  );
}

TEST_F(Programs, MayMakeNoOutput) {
  EXPECT_EQ(run("empty"), "(nothing)");
  EXPECT_EQ(run("select(.a > 1)", R"({"a":1})"), "(nothing)");
  // jq takes an error without a value for an end.
  EXPECT_EQ(run("error(null)"), "(nothing)");
}

TEST_F(Programs, EachRunOverTheWholeInput) {
  const auto outputs =
      run_all(*runner(), {".a", ".b", "empty", "error(\"no\")", "."}, R"({"a":1})");
  ASSERT_EQ(outputs.size(), 5U);
  EXPECT_EQ(text_of(outputs[0]), "1");
  EXPECT_EQ(text_of(outputs[1]), "null");
  EXPECT_EQ(text_of(outputs[2]), "(nothing)");
  EXPECT_EQ(text_of(outputs[3]), "error: no");
  EXPECT_EQ(text_of(outputs[4]), R"({"a":1})");
}

TEST_F(Programs, NoneAreAnsweredByNothing) { EXPECT_TRUE(run_all(*runner(), {}, "1").empty()); }

TEST_F(Programs, FailWithJqsMessage) {
  EXPECT_EQ(run(".a.b", R"({"a":1})"), R"(error: Cannot index number with string "b")");
  EXPECT_EQ(run("error({code: 7})"), R"(error: {"code":7})");
  EXPECT_EQ(run(R"(error("one\nline\u0007"))"), "error: one");
  EXPECT_EQ(run(R"(error("a\u0007b"))"), "error: a b");
  EXPECT_EQ(run(R"(error(""))"), "error: error");
}

TEST_F(Programs, FailWithABoundedMessageOfWholeCharacters) {
  const std::string output = run(R"(error("x" + "ü" * 1000))");
  EXPECT_EQ(output.size(), std::string{"error: x"}.size() + limits::kProgramErrorBytesMax - 2);
  EXPECT_TRUE(output.ends_with("ü"));
}

TEST_F(Programs, WithSyntaxErrorsAreFoundByCheck) {
  EXPECT_EQ(check(".a |"), "syntax error, unexpected $end at <top-level>, line 1");
  EXPECT_EQ(
      check("{\n}}"),
      "syntax error, unexpected INVALID_CHARACTER, expecting $end at <top-level>, line 2"
  );
  EXPECT_EQ(check(".a | length"), "");
}

TEST_F(Programs, WithUnknownFunctionsAreFoundByCheck) {
  EXPECT_EQ(check("frobnicate(1)"), "frobnicate/1 is not defined at <top-level>, line 1");
  EXPECT_EQ(check("$x"), "$x is not defined at <top-level>, line 1");
  EXPECT_EQ(check("$__prog_args"), "$__prog_args is not defined at <top-level>, line 1");
}

TEST_F(Programs, ThatDoNotCompileFailEachTime) {
  const std::string expected =
      "error: it does not compile: frobnicate/0 is not defined at <top-level>, line 1";
  EXPECT_EQ(run("frobnicate"), expected);
  EXPECT_EQ(run("frobnicate"), expected);
}

TEST_F(Programs, MayNotHaveANulCharacter) {
  EXPECT_EQ(check(std::string("1\0error", 7)), "syntax error, unexpected NUL");
}

TEST_F(Programs, MayNotBeLongerThanTheLimit) {
  const std::string longest = "1" + std::string(limits::kProgramBytesMax - 1, ' ');
  EXPECT_EQ(check(longest), "");
  EXPECT_EQ(check(longest + " "), "it is longer than 16384 bytes");
  const auto outputs = run_all(*runner(), {"1", longest + " ", "2", longest}, "null");
  EXPECT_EQ(text_of(outputs[0]), "1");
  EXPECT_EQ(text_of(outputs[1]), "error: it is longer than 16384 bytes");
  EXPECT_EQ(text_of(outputs[2]), "2");
  EXPECT_EQ(text_of(outputs[3]), "1");
}

TEST_F(Programs, HaveNoModules) {
  EXPECT_EQ(check(R"(import "a" as a; 1)"), "modules are not available: import");
  EXPECT_EQ(check("# first\n  include \"a\"; 1"), "modules are not available: include");
  EXPECT_EQ(
      check(R"(import "passwd" as $d {search:"/etc"}; $d)"), "modules are not available: import"
  );
  EXPECT_EQ(check(R"(import "a" as a {optional:true}; 1)"), "modules are not available: import");
  EXPECT_EQ(check(R"(module {name:"a"}; import "a" as a; 1)"), "modules are not available: module");
  EXPECT_EQ(
      run(R"(include "a" {search:"/etc"}; 1)"),
      "error: it does not compile: modules are not available: include"
  );
  EXPECT_THAT(run(R"("/etc/passwd" | modulemeta)"), StartsWith("error: module not found"));
  // Only as words of the language.
  EXPECT_EQ(run("{import: 1} | .import"), "1");
  EXPECT_EQ(run("def imports: 3; imports"), "3");
}

TEST_F(Programs, HaveNoEnvironment) {
  EXPECT_EQ(run("[env, $ENV]"), "[{},{}]");
  EXPECT_EQ(run("env.PATH"), "null");
}

TEST_F(Programs, LiveInUniversalTime) {
  EXPECT_EQ(run("0 | localtime | mktime"), "0");
  EXPECT_EQ(run("0 | strftime(\"%Y-%m-%dT%H:%M:%SZ\")"), R"("1970-01-01T00:00:00Z")");
  EXPECT_EQ(run("0 | strflocaltime(\"%H %Z\")"), R"("00 UTC")");
  EXPECT_EQ(run("now > 1700000000"), "true");
}

TEST_F(Programs, HaveOneInputOnly) {
  EXPECT_EQ(run("input"), "error: a program has one input, which is `.`");
  EXPECT_EQ(run("[inputs]"), "error: a program has one input, which is `.`");
  EXPECT_EQ(run("input_filename"), "null");
  EXPECT_EQ(run("input_line_number"), "error: Unknown input line number");
}

TEST_F(Programs, WriteNowhereButToTheirOutput) {
  EXPECT_EQ(run("debug", "[1]"), "[1]");
  EXPECT_EQ(run("stderr", "[1]"), "[1]");
}

TEST_F(Programs, ThatHaltFailAndRunAgain) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(run("halt"), "error: it called halt");
    EXPECT_EQ(run(R"("bye" | halt_error)"), "error: it called halt_error: bye");
    EXPECT_EQ(run("{a: 1} | halt_error(3)"), R"(error: it called halt_error: {"a":1})");
    EXPECT_EQ(run("if .a then . else halt end", R"({"a":1})"), R"({"a":1})");
  }
}

TEST_F(Programs, KnowNothingOfEarlierRuns) {
  const std::string program =
      ". as $x | if . == true then error(\"\\($x)\") else [$x, $__loc__.line] end";
  EXPECT_EQ(run(program, "true"), "error: true");
  EXPECT_EQ(run(program, "1"), "[1,1]");
  EXPECT_EQ(run("try error(\"a\") catch .", "1"), R"("a")");
  EXPECT_EQ(run("try .x catch .", R"({"x":5})"), "5");
  EXPECT_EQ(run("path(.a[].b)", R"({"a":[{"b":1},{"b":2}]})"), R"(["a",0,"b"])");
  EXPECT_EQ(run("path(..)", "1"), "[]");
  EXPECT_EQ(run("paths", "[[1]]"), "[0]");
  EXPECT_EQ(run("first(paths)", "[[1]]"), "[0]");
}

// jq 1.6 has no other numbers.
TEST_F(Programs, TakeNumbersForIeeeDoubles) {
  EXPECT_EQ(run(".", "9007199254740992"), "9007199254740992");
  EXPECT_EQ(run(".", "9007199254740993"), "9007199254740992");
  EXPECT_EQ(run(".", "12345678901234567890"), "12345678901234567000");
  EXPECT_EQ(run("[., .+0.2]", "0.1"), "[0.1,0.30000000000000004]");
  EXPECT_EQ(run(".", "1.0"), "1");
  EXPECT_EQ(run(".", "1e1000"), "1.7976931348623157e+308");
  EXPECT_EQ(run("nan"), "null");
}

// Data of events may nest to 512.
TEST_F(Programs, TakeNestingUpTo256) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(run(".", nested(256)), nested(256));
  EXPECT_THAT(run(".", nested(258)), StartsWith("error: jq cannot read the input: Exceeds depth"));
}

TEST_F(Programs, TellWhenTheInputIsNoJson) {
  EXPECT_THAT(run(".", "{nope}"), StartsWith("error: jq cannot read the input: "));
  EXPECT_EQ(run(".", ""), "error: jq cannot read the input: it is empty");
}

TEST_F(Programs, KeepNulAndOddCharactersAsTheyAre) {
  EXPECT_EQ(run(".", R"("a\u0000b\ud83d\ude00")"), "\"a\\u0000b\U0001F600\"");
}

}  // namespace
}  // namespace postrider::testing
