#include "tests/tidy/tidy.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postrider::tidy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> messages(const std::string& path, const std::string& text) {
  std::vector<std::string> out;
  for (const auto& finding : check_file({path, text})) {
    out.push_back(std::to_string(finding.line) + ": " + finding.message);
  }
  return out;
}

bool accepts(const std::string& path, const std::string& text) {
  return check_file({path, text}).empty();
}

TEST(Tidy, BoundsLinesTo100Columns) {
  EXPECT_TRUE(accepts("lib/a.cc", std::string(100, 'x') + "\n"));
  EXPECT_THAT(messages("lib/a.cc", "\n" + std::string(101, 'x')), ElementsAre(HasSubstr("2: is")));
  EXPECT_FALSE(accepts("lib/cmake/a.cmake", std::string(101, 'x')));
  EXPECT_FALSE(accepts("lib/CMakeLists.txt", std::string(101, 'x')));
  EXPECT_TRUE(accepts("docs/a.md", "# a\n" + std::string(101, 'x')));
}

TEST(Tidy, CountsCharactersNotBytes) {
  std::string line;
  for (int i = 0; i < 100; ++i) line += "é";
  EXPECT_TRUE(accepts("lib/a.cc", line));
}

TEST(Tidy, BoundsFilesTo500Lines) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "x\n";
  EXPECT_TRUE(accepts("lib/a.cc", text));
  EXPECT_FALSE(accepts("lib/a.cc", text + "x\n"));
}

TEST(Tidy, NamesTheReplacementOfBannedCode) {
  EXPECT_THAT(
      messages("lib/engine/a.cc", "auto t = std::chrono::steady_clock::now();"),
      ElementsAre("1: ::now(: take a Clock (lib/base/clock.h)")
  );
}

TEST(Tidy, FindsEveryKindOfBannedCode) {
  for (const char* code :
       {"std::this_thread::sleep_for(wait);",
        "worker.detach();",
        "std::thread worker;",
        "std::vector<std::thread> workers;",
        "std::mutex mutex;",
        "volatile int x;",
        "int x = std::rand();",
        "int x = rand();",
        "sprintf(buffer, format);",
        "std::regex pattern;",
        "out << std::endl;",
        "assert(x);",
        "(void)store.append(events);",
        "#include <openssl/hmac.h>",
        "#include <rapidjson/reader.h>",
        "#include <valijson/schema.hpp>",
        "#include <prometheus/counter.h>",
        "#include <CLI/CLI.hpp>",
        "#include <httplib.h>",
        "sqlite3_step(statement);",
        "curl_easy_cleanup(handle);",
        "set(CURLOPT_URL);",
        "PQexec(connection);"}) {
    EXPECT_FALSE(accepts("lib/engine/a.cc", code)) << code;
  }
}

TEST(Tidy, AllowsWordsThatOnlyContainBannedCode) {
  for (const char* code :
       {"static_assert(x);",
        "POSTRIDER_ASSERT(x);",
        "std::snprintf(buffer, size, format);",
        "std::jthread worker;",
        "std::thread::hardware_concurrency();",
        "grand(x);",
        "call(void_type);",
        "clock.wall_now();"}) {
    EXPECT_TRUE(accepts("lib/engine/a.cc", code)) << code;
  }
}

TEST(Tidy, AllowsBannedCodeWhereItIsWrapped) {
  EXPECT_TRUE(accepts("lib/base/clock.cc", "system_clock::now();"));
  EXPECT_TRUE(accepts("lib/store/sqlite/a.cc", "sqlite3_step(statement);"));
  EXPECT_TRUE(accepts("lib/transport/curl/a.cc", "curl_easy_cleanup(handle);"));
  EXPECT_TRUE(accepts("lib/crypto/a.cc", "#include <openssl/hmac.h>"));
  EXPECT_TRUE(accepts("lib/http/a.cc", "#include <httplib.h>"));
  EXPECT_TRUE(accepts("app/postrider/a.cc", "#include <CLI/CLI.hpp>"));
  EXPECT_TRUE(accepts("tests/integration/a.cc", "sqlite3_step(statement);"));
}

TEST(Tidy, ReadsCodeNotCommentsAndLiterals) {
  EXPECT_TRUE(accepts("lib/a.cc", "// no std::endl here\nint x; /* nor\n volatile */"));
  EXPECT_TRUE(accepts("lib/a.cc", "const char* x = \"a \\\" volatile\";"));
  EXPECT_TRUE(accepts("lib/a.cc", "const char* x = R\"(\"volatile\n)\";"));
  EXPECT_FALSE(accepts("lib/a.cc", "const char* x = \"//\"; volatile int y;"));
  EXPECT_FALSE(accepts("lib/a.cc", "int x = 10'000; volatile int y; char c = '\\'';"));
  EXPECT_EQ(code_only("a(\"b\", 'c'); // d\ne"), "a(\" \", ' ');     \ne");
}

TEST(Tidy, NamesThePlainWord) {
  EXPECT_THAT(
      messages("lib/a.h", "#pragma once\n// Whoever asks\n"),
      ElementsAre("2: whoever: write who it is, such as the caller")
  );
  EXPECT_FALSE(accepts("docs/a.md", "# a\nBegins anew.\n"));
  EXPECT_FALSE(accepts("lib/a.sql", "-- likewise"));
  EXPECT_FALSE(accepts("lib/a.cc", "  /// Of an endpoint.\n"));
  EXPECT_TRUE(accepts("lib/a.cc", "// Renewals. Of(renewed)\nint renewal;\n"));
  EXPECT_TRUE(accepts("migrations/sqlite/0001_a.sql", "-- likewise"));
}

TEST(Tidy, FindsMutableStatics) {
  for (const char* code :
       {"  static int count = 0;",
        "static std::atomic<int> count{0};",
        "static Registry registry;",
        "inline static int count_;",
        "thread_local int depth = 0;"}) {
    EXPECT_FALSE(accepts("lib/a.cc", code)) << code;
  }
  for (const char* code :
       {"static constexpr int kMax = 3;",
        "static const std::string kName = \"x\";",
        "static Result<int> open(int x);",
        "static_assert(true);",
        "static int count = 0;  // tidy: mutable-static (written once at start)"}) {
    EXPECT_TRUE(accepts("lib/a.cc", code)) << code;
  }
}

TEST(Tidy, WantsTheIssueOfWhatIsLeftToDo) {
  EXPECT_FALSE(accepts("lib/a.cc", "// FIXME"));
  EXPECT_FALSE(accepts("lib/a.cc", "// TODO: later"));
  EXPECT_FALSE(accepts("lib/a.cc", "// TODO(now)"));
  EXPECT_FALSE(accepts("migrations/sqlite/a.sql", "-- TODO"));
  EXPECT_TRUE(accepts("lib/a.cc", "// TODO(perf #12): batch it"));
}

TEST(Tidy, WantsHeadersToBeReadOnce) {
  EXPECT_FALSE(accepts("lib/a.h", "int f();\n"));
  EXPECT_TRUE(accepts("lib/a.h", "#pragma once\nint f();\n"));
}

TEST(Tidy, WantsOneTitlePerDocument) {
  EXPECT_TRUE(accepts("docs/a.md", "# Title\n## Part\n```sh\n# a comment\n```\n"));
  EXPECT_FALSE(accepts("docs/a.md", "## Part\n"));
  EXPECT_FALSE(accepts("docs/a.md", "# One\n# Two\n"));
}

TEST(Tidy, KeepsRegistriesOutOfLockFiles) {
  const std::string path = "tests/clients/package-lock.json";
  EXPECT_TRUE(accepts(path, "\"a\": {\n \"version\": \"1\",\n \"url\": \"https://a.example\"\n}"));
  EXPECT_FALSE(accepts(path, "\"resolved\": \"a.tgz\""));
  EXPECT_FALSE(accepts(path, "\"version\": \"https://a.example/a.tgz\""));
  EXPECT_FALSE(accepts("tests/clients/.npmrc", "registry=https://a.example/"));
}

TEST(Tidy, FindsSourcesThatNoListNames) {
  const SourceFile list{"lib/x/CMakeLists.txt", "f(x SOURCES a.cc sub/b.cc)\n# c.cc\nxd.cc"};
  const auto found = check_listed(
      {list, {"lib/x/a.cc", ""}, {"lib/x/sub/b.cc", ""}, {"lib/x/c.cc", ""}, {"lib/x/d.cc", ""}}
  );
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].path, "lib/x/c.cc");
  EXPECT_EQ(found[1].path, "lib/x/d.cc");
}

TEST(Tidy, ReadsTheTreeWithoutWhatBuildsLeaveThere) {
  namespace fs = std::filesystem;
  const fs::path root = fs::path{testing::TempDir()} / "postrider_tidy_test";
  fs::remove_all(root);
  for (const char* path : {"lib/a.cc", "build/dev/b.cc", "tests/node_modules/c.js", "lib/d.bin"}) {
    fs::create_directories((root / path).parent_path());
    std::ofstream{root / path} << "text of " << path;
  }
  const auto files = read_tree(root.string());
  fs::remove_all(root);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].path, "lib/a.cc");
  EXPECT_EQ(files[0].text, "text of lib/a.cc");
  EXPECT_THAT(check_file(files[0]), IsEmpty());
}

}  // namespace
}  // namespace postrider::tidy
