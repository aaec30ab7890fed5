#include "store/postgres/pg_store.h"

#include "tests/contract/store_contract.h"
#include "tests/support/pg_database.h"

namespace postrider::testing {
namespace {

class PostgresFactory final : public StoreFactory {
 public:
  Result<std::unique_ptr<Store>> open_store() override {
    return postgres::PgStore::open(database_.url(), postgres::PgStore::kNoNode)
        .map([](std::unique_ptr<postgres::PgStore>&& store) -> std::unique_ptr<Store> {
          return std::move(store);
        });
  }
  Result<std::unique_ptr<StoreReader>> open_reader() override {
    return postgres::PgReaders(database_.url()).open();
  }
  void produce(const std::string& sql) override { EXPECT_EQ(RawPg(database_.url()).exec(sql), ""); }

  void damage(const std::string& sql) override {
    RawPg client(database_.url());
    // Constraints that others depend on go with those: CASCADE.
    const std::string find =
        "SELECT format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', conrelid::regclass,"
        " conname) FROM pg_constraint WHERE contype IN ('c', 'f') AND conrelid <> 0";
    for (const std::string& drop : client.column(find)) EXPECT_EQ(client.exec(drop), "");
    EXPECT_EQ(client.exec(sql), "");
  }

  // The transaction that wrote the newest of the rows: what only deletes does not show.
  std::int64_t change_mark() override {
    std::string newest = "SELECT max(age) FROM (SELECT 0::bigint AS age";
    for (const std::string table : {"meta", "event", "delivery", "attempt", "endpoint"})
      newest += " UNION ALL SELECT max(xmin::text::bigint) FROM " + table;
    return std::stoll(RawPg(database_.url()).column(newest + ") AS ages").front());
  }

 private:
  const PgDatabase database_;
};

StoreContractParam make_param(std::string name, std::size_t rows_max) {
  return {
      .name = std::move(name),
      .make = [] { return std::make_unique<PostgresFactory>(); },
      .rows_max = rows_max};
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(
    Postgres,
    StoreContract,
    ::testing::Values(make_param("Normal", 100), make_param("OneAtATime", 1)),
    [](const auto& test) { return test.param.name; }
);
INSTANTIATE_TEST_SUITE_P(
    Postgres,
    OrderedStoreContract,
    ::testing::Values(make_param("Normal", 100), make_param("OneAtATime", 1)),
    [](const auto& test) { return test.param.name; }
);

}  // namespace postrider::testing
