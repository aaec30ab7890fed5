// Tests that every store must pass. A backend instantiates StoreContract with its own factory and
// links store_contract_*.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "store/store.h"

namespace postrider::testing {

/// An empty database; lives as long as the test.
class StoreFactory {
 public:
  StoreFactory() = default;
  StoreFactory(const StoreFactory&) = delete;
  StoreFactory& operator=(const StoreFactory&) = delete;
  virtual ~StoreFactory() = default;

  /// The writing side; at most one at a time.
  [[nodiscard]] virtual Result<std::unique_ptr<Store>> open_store() = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<StoreReader>> open_reader() = 0;
  /// Runs SQL as a producer with a client of its own would.
  virtual void produce(const std::string& sql) = 0;
  /// Runs SQL past the constraints of the schema, as a damaged file or a careless person would.
  virtual void damage(const std::string& sql) = 0;
  /// A number that is another one after every commit that wrote something.
  [[nodiscard]] virtual std::int64_t change_mark() = 0;
};

struct StoreContractParam {
  std::string name;
  std::function<std::unique_ptr<StoreFactory>()> make;
  /// Chunks of sweeps and pages: tiny ones find what is off by one.
  std::size_t rows_max = 100;

  friend std::ostream& operator<<(std::ostream& out, const StoreContractParam& param) {
    return out << param.name;
  }
};

/// Midnight of 2026-01-01, and instants after it.
inline constexpr WallTime kStart = from_unix_ms(1'767'225'600'000);
[[nodiscard]] constexpr WallTime at(std::int64_t ms) { return kStart + Millis{ms}; }

[[nodiscard]] EventDraft make_draft(std::string type = "order.created");
[[nodiscard]] Endpoint make_endpoint(std::string tenant = "default");
[[nodiscard]] Attempt make_attempt(Outcome outcome = Outcome::kSuccess, int status = 200);

class StoreContract : public ::testing::TestWithParam<StoreContractParam> {
 protected:
  void SetUp() override;

  /// Begins a transaction as every one begins.
  void begin() {
    EXPECT_TRUE(store_->begin());
    EXPECT_TRUE(store_->pull_remote_changes());
  }

  /// Runs `work` in a transaction of its own.
  template <class Work>
  auto committed(const Work& work) {
    begin();
    auto result = work();
    EXPECT_TRUE(store_->commit());
    return result;
  }

  /// Whether what `work` changes is refused, by itself or by the commit.
  template <class Work>
  bool refused(const Work& work) {
    begin();
    if (work() && store_->commit()) return false;
    store_->rollback();
    return true;
  }

  EndpointId add_endpoint(const Endpoint& endpoint = make_endpoint(), WallTime now = kStart);
  Appended append(
      EventDraft draft, const std::vector<EndpointId>& endpoints, WallTime now = kStart
  );
  Appended append_to(EventDraft draft, std::vector<Target> targets, WallTime now = kStart);
  /// An event for one endpoint; its delivery.
  DeliveryId append_delivery(EndpointId endpoint, WallTime now = kStart);
  Settled settle(const Delivery& delivery, NextState next, WallTime now, Attempt attempt);
  Settled settle(const Delivery& delivery, NextState next, WallTime now = at(1000));
  /// The delivery as it is committed.
  Delivery stored(DeliveryId id);
  /// A delivery that died of `reason` at `now`.
  DeliveryId append_dead(
      EndpointId endpoint,
      WallTime now,
      DeadReason reason = DeadReason::kRejected,
      const std::string& type = "order.created"
  );
  DuePage due(EndpointId endpoint, WallTime now, std::size_t rows_max = 100);
  void reopen();

  [[nodiscard]] std::size_t rows_max() const { return GetParam().rows_max; }

  std::unique_ptr<StoreFactory> factory_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<StoreReader> reader_;
};

/// Checks ordered deliveries, which wait in an ordering queue.
class OrderedStoreContract : public StoreContract {
 protected:
  DeliveryId append_keyed(
      EndpointId endpoint,
      std::string key,
      WallTime now = kStart,
      std::optional<WallTime> deliver_at = {}
  );
  OrderedHead head(EndpointId endpoint, const std::string& key, WallTime now);
  /// Returns the heads of all ordering queues, read page by page.
  std::vector<OrderedHead> scan(
      EndpointId endpoint, WallTime now, std::size_t rows, std::size_t keys
  );
};

/// All rows of a list, page by page.
template <class T, class Fetch>
std::vector<T> all_pages(const Fetch& fetch, std::size_t limit) {
  std::vector<T> rows;
  PageParams params{.limit = limit, .cursor = {}};
  for (int pages = 0; pages < 1000; ++pages) {
    auto page = fetch(params);
    EXPECT_TRUE(page.has_value());
    if (!page) return rows;
    EXPECT_LE(page->rows.size(), limit);
    for (auto& row : page->rows) rows.push_back(std::move(row));
    if (page->next_cursor.empty()) return rows;
    params.cursor = page->next_cursor;
  }
  ADD_FAILURE() << "a list without end";
  return rows;
}

}  // namespace postrider::testing
