#include "store/sqlite/sqlite_store.h"

#include <sqlite3.h>

#include "base/unique_handle.h"

#include "tests/contract/store_contract.h"
#include "tests/support/temp_dir.h"

namespace postrider::testing {
namespace {

class SqliteFactory final : public StoreFactory {
 public:
  Result<std::unique_ptr<Store>> open_store() override {
    return sqlite::SqliteStore::open(path_).map(
        [](std::unique_ptr<sqlite::SqliteStore>&& store) -> std::unique_ptr<Store> {
          return std::move(store);
        }
    );
  }
  Result<std::unique_ptr<StoreReader>> open_reader() override {
    return sqlite::SqliteReaders(path_).open();
  }
  void produce(const std::string& sql) override {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db);
    EXPECT_EQ(sqlite3_close(db), SQLITE_OK);
  }

  // The number of a connection tells what others did since: it is one that stays.
  std::int64_t change_mark() override {
    if (watcher_ == nullptr) {
      sqlite3* db = nullptr;
      EXPECT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
      watcher_.reset(db);
    }
    std::int64_t mark = 0;
    const auto read = [](void* to, int, char** values, char**) {
      *static_cast<std::int64_t*>(to) = std::stoll(values[0]);
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(watcher_.get(), "PRAGMA data_version", read, &mark, nullptr), SQLITE_OK);
    return mark;
  }

 private:
  TempDir dir_;
  std::string path_ = dir_.file("postrider.db");
  UniqueHandle<sqlite3, sqlite3_close> watcher_;
};

StoreContractParam make_param(std::string name, std::size_t rows_max) {
  return {
      .name = std::move(name),
      .make = [] { return std::make_unique<SqliteFactory>(); },
      .rows_max = rows_max};
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(
    Sqlite,
    StoreContract,
    ::testing::Values(make_param("Normal", 100), make_param("OneAtATime", 1)),
    [](const auto& test) { return test.param.name; }
);

}  // namespace postrider::testing
