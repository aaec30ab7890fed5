#include "jq/sandbox/frames.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace postrider::jq {
namespace {

void put(FrameBuffer& buffer, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto room = buffer.room();
    const std::size_t count = std::min(room.size(), bytes.size());
    std::copy_n(bytes.begin(), count, room.begin());
    buffer.filled(count);
    bytes.remove_prefix(count);
  }
}

TEST(FrameBuffer, GivesFramesOnceTheyAreComplete) {
  const std::string bytes =
      frame_head(FrameKind::kOutput, 3) + "abc" + frame_head(FrameKind::kNothing, 0);
  FrameBuffer buffer;
  std::vector<std::string> payloads;
  for (const char byte : bytes) {
    put(buffer, {&byte, 1});
    while (const auto frame = buffer.next()) payloads.emplace_back(frame->payload);
  }
  EXPECT_EQ(payloads, (std::vector<std::string>{"abc", ""}));
}

TEST(FrameBuffer, HoldsAFrameOfAnySizeBehindAnother) {
  const std::string large(1'000'000, 'x');
  FrameBuffer buffer;
  put(buffer, frame_head(FrameKind::kOutput, 1) + "a");
  put(buffer, frame_head(FrameKind::kOutput, large.size()) + large);
  EXPECT_EQ(buffer.next()->payload, "a");
  EXPECT_EQ(buffer.next()->payload, large);
  EXPECT_FALSE(buffer.next());
  buffer.clear();
  EXPECT_EQ(buffer.awaited_bytes(), 0U);
}

TEST(Frames, KeepProgramsAndTheirInput) {
  const std::vector<std::string> programs{".a", "", "1"};
  const std::string payload = pack_programs(programs) + "{}";
  const auto run = unpack_run(payload);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->programs, (std::vector<std::string_view>{".a", "", "1"}));
  EXPECT_EQ(run->input, "{}");
}

TEST(Frames, ThatAreCutAreRefused) {
  const std::vector<std::string> programs{".a"};
  const std::string payload = pack_programs(programs);
  for (std::size_t bytes = 0; bytes < payload.size(); ++bytes) {
    EXPECT_FALSE(unpack_run(payload.substr(0, bytes)));
  }
  const std::string limits = pack_limits({});
  EXPECT_TRUE(unpack_limits(limits));
  EXPECT_FALSE(unpack_limits(std::string_view{limits}.substr(1)));
}

}  // namespace
}  // namespace postrider::jq
