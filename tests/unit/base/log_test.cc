#include "base/log.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/fd.h"

namespace postrider::log {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

class FixedClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall_now() const override { return from_unix_ms(1'767'225'600'123); }
  [[nodiscard]] MonoTime mono_now() const override { return MonoTime{std::chrono::hours{1}}; }
  [[nodiscard]] std::int64_t boot() const override { return 1; }
};

class LogTest : public ::testing::Test {
 protected:
  LogTest() {
    std::signal(SIGPIPE, SIG_IGN);
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
    reader_.reset(ends[0]);
    writer_.reset(ends[1]);
  }

  [[nodiscard]] Settings settings(Format format, Level level = Level::kInfo) const {
    return {.format = format, .level = level, .fd = writer_.get()};
  }
  /// All that was written; the session has ended.
  std::string written() {
    writer_.reset();
    return read_all();
  }
  [[nodiscard]] std::string read_all() const {
    std::string all;
    std::array<char, 65536> buffer{};
    for (ssize_t count = 0; (count = ::read(reader_.get(), buffer.data(), buffer.size())) > 0;)
      all.append(buffer.data(), static_cast<std::size_t>(count));
    return all;
  }
  static std::size_t count(const std::string& text, std::string_view part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
  }

  Fd reader_;
  Fd writer_;
  FixedClock clock_;
};

TEST_F(LogTest, WritesTimeLevelMessageAndFieldsAsText) {
  {
    const Session session(settings(Format::kText), clock_);
    info("service started", {{"version", "1.0"}, {"max_in_flight", 512}, {"fresh", true}});
    info("odd values", {{"empty", ""}, {"spaced", "a b=\"c\"\n\x1b[2J"}, {"seconds", 0.5}});
    warning("optional", {{"status", std::optional<int>{}}, {"wait_ms", Millis{1500}}});
  }
  EXPECT_EQ(
      written(),
      "2026-01-01T00:00:00.123Z info service started version=1.0 max_in_flight=512 fresh=true\n"
      "2026-01-01T00:00:00.123Z info odd values empty=\"\""
      " spaced=\"a b=\\\"c\\\"\\n\\u001b[2J\" seconds=0.5\n"
      "2026-01-01T00:00:00.123Z warning optional wait_ms=1500\n"
  );
}

TEST_F(LogTest, EscapesWhatChangesTheTextAfterIt) {
  {
    const Session session(settings(Format::kText), clock_);
    info("names", {{"plain", "Пример"}, {"bidi", "a\u202eb"}, {"c1", "a\u009bb"}});
  }
  const std::string text = written();
  EXPECT_THAT(text, HasSubstr("plain=\"Пример\""));
  EXPECT_THAT(text, HasSubstr("bidi=\"a\\u202eb\" c1=\"a\\u009bb\""));
}

TEST_F(LogTest, WritesNumbersAsNumbersInJson) {
  {
    const Session session(settings(Format::kJson), clock_);
    info(
        "all types",
        {{"text", "7"},
         {"integer", std::int64_t{-7}},
         {"real", 0.25},
         {"flag", false},
         {"none", std::optional<int>{}},
         {"some", std::optional<int>{9}},
         {"bytes", std::string("\xff\x00", 2)}}
    );
  }
  const auto line = nlohmann::json::parse(written());
  EXPECT_EQ(line["time"], "2026-01-01T00:00:00.123Z");
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["message"], "all types");
  EXPECT_EQ(line["text"], "7");
  EXPECT_EQ(line["integer"], -7);
  EXPECT_EQ(line["real"], 0.25);
  EXPECT_EQ(line["flag"], false);
  EXPECT_FALSE(line.contains("none"));
  EXPECT_EQ(line["some"], 9);
  EXPECT_EQ(line["bytes"], std::string("\xef\xbf\xbd\x00", 4));
}

TEST_F(LogTest, LeavesOutLinesBelowItsLevel) {
  {
    const Session session(settings(Format::kText, Level::kWarning), clock_);
    EXPECT_FALSE(enabled(Level::kInfo));
    EXPECT_TRUE(enabled(Level::kWarning));
    debug("not this");
    info("nor this");
    error("but this");
  }
  EXPECT_THAT(written(), EndsWith(" error but this\n"));
}

TEST_F(LogTest, NamesTheRequestThatTheThreadHandles) {
  {
    const Session session(settings(Format::kText), clock_);
    {
      const RequestScope scope("req_1");
      info("inside", {{"a", 1}});
    }
    info("outside");
  }
  const std::string text = written();
  EXPECT_THAT(text, HasSubstr("inside a=1 request_id=req_1\n"));
  EXPECT_THAT(text, EndsWith("info outside\n"));
}

TEST_F(LogTest, CountsRepeatedLinesAndReportsThemAtItsEnd) {
  {
    const Session session(settings(Format::kText, Level::kDebug), clock_);
    for (int i = 0; i < 110; ++i) warning("authentication failed", {{"client", "192.0.2.1"}});
    for (int i = 0; i < 110; ++i) debug("request");
  }
  const std::string text = written();
  EXPECT_EQ(count(text, "warning authentication failed client"), 10U);
  EXPECT_EQ(count(text, "debug request\n"), 110U);
  EXPECT_THAT(
      text, HasSubstr("warning repeated lines suppressed line=\"authentication failed\" count=100")
  );
}

TEST_F(LogTest, CutsALongText) {
  {
    const Session session(settings(Format::kText), clock_);
    info("long", {{"text", std::string(100'000, 'x')}});
  }
  EXPECT_LT(written().size(), 1200U);
}

/// A pipe takes 64 KiB and the queue 1 MiB, so most of three megabytes of lines are dropped.
TEST_F(LogTest, NeverWaitsForAReaderThatDoesNotReadAndCountsTheLinesThatItDrops) {
  const SystemClock real;
  constexpr int kLines = 3000;
  std::string text;
  std::jthread reading;
  {
    const Session session(settings(Format::kJson, Level::kDebug), real);
    for (int i = 0; i < kLines; ++i)
      debug("request", {{"number", i}, {"filler", std::string(1000, 'x')}});
    // Nothing has been read so far.
    reading = std::jthread([&] { text = read_all(); });
  }
  writer_.reset();
  reading.join();
  int dropped = 0;
  int seen = 0;
  int last = 0;
  std::istringstream lines(text);
  for (std::string raw; std::getline(lines, raw);) {
    const auto line = nlohmann::json::parse(raw);
    if (line["message"] == "log lines dropped") {
      dropped += line["count"].get<int>();
    } else {
      last = line["number"];
      ++seen;
    }
  }
  EXPECT_GT(dropped, 0);
  EXPECT_EQ(seen + dropped, kLines);
  EXPECT_EQ(last, kLines - 1);
}

TEST_F(LogTest, EndsAlthoughNobodyReads) {
  const SystemClock real;
  const MonoTime begun = real.mono_now();
  {
    const Session session(settings(Format::kText, Level::kDebug), real);
    for (int i = 0; i < 1000; ++i) debug("request", {{"filler", std::string(1000, 'x')}});
  }
  EXPECT_LT(real.mono_now() - begun, std::chrono::seconds{20});
  EXPECT_THAT(written(), Not(HasSubstr("log lines dropped")));
}

TEST_F(LogTest, GoesOnWhenTheReaderIsGone) {
  const Session session(settings(Format::kText), clock_);
  reader_.reset();
  for (int i = 0; i < 100; ++i) info("nobody reads this");
}

}  // namespace
}  // namespace postrider::log
