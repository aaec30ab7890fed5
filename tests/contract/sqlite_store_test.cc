#include "store/sqlite/sqlite_store.h"

#include "tests/contract/store_contract.h"
#include "tests/support/raw_db.h"
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
  void produce(const std::string& sql) override { EXPECT_EQ(RawDb(path_).exec(sql), SQLITE_OK); }

  void damage(const std::string& sql) override {
    const std::string unchecked =
        "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; ";
    EXPECT_EQ(RawDb(path_).exec(unchecked + sql), SQLITE_OK);
  }

  // A connection's data_version changes with other connections' commits, so this one stays open.
  std::int64_t change_mark() override {
    if (watcher_ == nullptr) watcher_ = std::make_unique<RawDb>(path_);
    return std::stoll(watcher_->column("PRAGMA data_version").front());
  }

 private:
  TempDir dir_;
  std::string path_ = dir_.file("postrider.db");
  std::unique_ptr<RawDb> watcher_;
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
INSTANTIATE_TEST_SUITE_P(
    Sqlite,
    OrderedStoreContract,
    ::testing::Values(make_param("Normal", 100), make_param("OneAtATime", 1)),
    [](const auto& test) { return test.param.name; }
);

}  // namespace postrider::testing
