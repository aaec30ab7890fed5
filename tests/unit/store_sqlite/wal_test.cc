// The write-ahead log under load.
#include <algorithm>
#include <filesystem>
#include <vector>

#include <gtest/gtest.h>

#include "store/sqlite/sqlite_store.h"

#include "tests/support/temp_dir.h"

namespace postrider::testing {
namespace {

TEST(Wal, KeepsItsLengthWhenItBeginsAnew) {
  constexpr std::size_t kDataBytes = 2U << 20U;
  constexpr std::uintmax_t kWrittenBytes = 192U << 20U;
  const TempDir dir;
  const std::string path = dir.file("postrider.db");
  const auto store = sqlite::SqliteStore::open(path);
  ASSERT_TRUE(store);
  NewEvent event;
  event.draft.type = "large";
  event.draft.data = '"' + std::string(kDataBytes, 'x') + '"';
  const std::vector<NewEvent> events{event};
  std::uintmax_t length = 0;
  for (std::uintmax_t written = 0; written < kWrittenBytes; written += kDataBytes) {
    ASSERT_TRUE((*store)->begin());
    ASSERT_TRUE((*store)->append(events, from_unix_ms(1'767'225'600'000)));
    ASSERT_TRUE((*store)->commit());
    // A commit that cuts a log of this size takes tens of milliseconds.
    const auto now = std::filesystem::file_size(path + "-wal");
    ASSERT_GE(now, length) << written;
    length = now;
  }
  // The WAL was restarted.
  EXPECT_LT(length, kWrittenBytes);
}

}  // namespace
}  // namespace postrider::testing
