// Owners take turns.
#include <algorithm>

#include <gtest/gtest.h>

#include "tests/unit/jq/jq_fixture.h"

namespace postrider::testing {
namespace {

TEST(Turns, AreTakenByOwnersSoThatLoopsOfOneDelayTheOthersByOneJob) {
  constexpr std::size_t kLoops = 20;
  auto runner = make_runner(1, {.run_cpu = Millis{20}});
  Outputs outputs;
  for (std::size_t i = 0; i < kLoops; ++i) {
    runner->submit({.owner = 1, .programs = {"def f: f; f"}, .input = "null"}, outputs.keep(1));
  }
  runner->submit({.owner = 2, .programs = {".", "1"}, .input = "2"}, outputs.keep(2));
  runner->submit({.owner = 3, .programs = {"."}, .input = "3"}, outputs.keep(3));
  const auto entries = outputs.wait_for(kLoops + 2);
  const auto place = [&](std::int64_t owner) {
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const auto& entry) {
      return entry.owner == owner;
    });
    return found - entries.begin();
  };
  // The loop that ran when they came, and one more turn of its owner, however slow this test is.
  EXPECT_LE(place(2), 2);
  EXPECT_LE(place(3), 3);
  EXPECT_EQ(text_of(entries[static_cast<std::size_t>(place(2))].outputs[0]), "2");
}

TEST(Turns, EndWithAProgramThatTookItsProcessWithIt) {
  const std::string loop = R"("" * 2e9)";  // within a function of jq
  auto runner = make_runner(1, {.run_cpu = Millis{20}});
  Outputs outputs;
  runner->submit({.owner = 1, .programs = {loop, "1", loop}, .input = "null"}, outputs.keep(1));
  runner->submit({.owner = 2, .programs = {"."}, .input = "2"}, outputs.keep(2));
  const auto entries = outputs.wait_for(2);
  EXPECT_EQ(entries[0].owner, 2);
  EXPECT_EQ(text_of(entries[1].outputs[1]), "1");
  EXPECT_FALSE(entries[1].outputs[2]);
}

TEST(Turns, OfOneOwnerAreInOrder) {
  auto runner = make_runner();
  Outputs outputs;
  for (int i = 0; i < 100; ++i) {
    runner->submit({.owner = 1, .programs = {"."}, .input = std::to_string(i)}, outputs.keep(1));
  }
  const auto entries = outputs.wait_for(100);
  for (std::size_t i = 0; i < 100; ++i)
    EXPECT_EQ(text_of(entries[i].outputs[0]), std::to_string(i));
}

}  // namespace
}  // namespace postrider::testing
