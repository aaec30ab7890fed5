// Two nodes that write to one database at once, step by step as a test wants it.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "store/postgres/pg_store.h"

#include "tests/support/must.h"
#include "tests/support/pg_database.h"

namespace postrider::testing {

inline constexpr WallTime kNow = from_unix_ms(1'767'225'600'000);
inline constexpr WallTime kLater = kNow + Millis{1000};
inline constexpr WallTime kNever = kNow + std::chrono::hours{24};
inline constexpr std::size_t kRowsMax = 100;

/// Two nodes that write. Each has drawn ids, so that none of them writes `meta` once more.
class TwoNodes : public ::testing::Test {
 protected:
  /// Runs `work` in a transaction of its own.
  template <class Work>
  static auto committed(Store& store, const Work& work) {
    must(store.begin());
    auto result = work();
    must(store.commit());
    return result;
  }

  TwoNodes() {
    Endpoint endpoint;
    endpoint.config.url = "http://receiver.example/";
    endpoint_ = committed(*one_, [&] { return must(one_->add_endpoint(endpoint, kNow)); });
    other_endpoint_ = committed(*one_, [&] { return must(one_->add_endpoint(endpoint, kNow)); });
    two_ = must(postgres::PgStore::open(database_.url(), postgres::PgStore::kNoNode));
    committed(*two_, [&] { return must(two_->append(std::vector<NewEvent>{{}}, kNow)); });
  }

  /// Whether `work`, which runs in another thread, waits for a lock of another session; else it is
  /// done.
  template <class T>
  bool waits(const std::future<T>& work) {
    const std::string waiting =
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while (work.wait_for(std::chrono::seconds{0}) != std::future_status::ready) {
      if (client_.column(waiting).front() != "0") return true;
    }
    return false;
  }
  template <class Work>
  static auto in_thread(Work work) {
    return std::async(std::launch::async, std::move(work));
  }

  EventDraft draft() const {
    EventDraft draft;
    draft.type = "a";
    draft.data = "{}";
    draft.expires_at = expires_at_;
    return draft;
  }
  /// An event with a delivery; of a session that is neither's.
  Appended append(Store& store) const {
    return must(store.append(std::vector<NewEvent>{{draft(), {{endpoint_}}}}, kNow)).front();
  }
  Appended append_committed() {
    return committed(*one_, [&] { return append(*one_); });
  }
  DeliveryId delivery_committed() { return append_committed().deliveries.front().id; }
  DeliveryId settled_committed(NextState next) {
    const DeliveryId id = delivery_committed();
    committed(*one_, [&] { return must(settle(*one_, {id}, next)); });
    return id;
  }

  Result<std::vector<Settled>> settle(
      Store& store, const std::vector<DeliveryId>& ids, NextState next = Delivered{}
  ) const {
    std::vector<Settlement> settlements;
    for (const DeliveryId id : ids) {
      Settlement settlement;
      settlement.delivery = id;
      settlement.endpoint = endpoint_;
      settlement.attempt.started_at = kNow;
      settlement.next = next;
      settlements.push_back(std::move(settlement));
    }
    return store.settle(settlements, kNow);
  }

  // What people do.
  static void cancel(Store& store, DeliveryId id) {
    Delivery delivery = must(store.delivery(id));
    delivery.state = DeliveryState::kCancelled;
    delivery.due_at.reset();
    delivery.finished_at = kLater;
    must(store.change_delivery(delivery));
  }
  static void retry(Store& store, DeliveryId id, WallTime due_at = kLater) {
    Delivery delivery = must(store.delivery(id));
    delivery.due_at = due_at;
    must(store.change_delivery(delivery));
  }
  static void replay(Store& store, DeliveryId id) {
    Delivery delivery = must(store.delivery(id));
    delivery.state = DeliveryState::kPending;
    delivery.dead_reason.reset();
    delivery.finished_at.reset();
    delivery.due_at = kLater;
    must(store.change_delivery(delivery));
  }

  Delivery stored(DeliveryId id) { return must(reader_->delivery(id)).delivery; }
  std::string count(const std::string& table) {
    return client_.column("SELECT count(*) FROM " + table).front();
  }

  const PgDatabase database_;
  RawPg client_{database_.url()};
  std::unique_ptr<postgres::PgStore> one_ =
      must(postgres::PgStore::open(database_.url(), postgres::PgStore::kNoNode));
  std::unique_ptr<postgres::PgStore> two_;
  std::unique_ptr<StoreReader> reader_ = must(postgres::PgReaders(database_.url()).open());
  EndpointId endpoint_;
  EndpointId other_endpoint_;
  std::optional<WallTime> expires_at_;
};

}  // namespace postrider::testing
