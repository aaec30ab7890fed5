// Rows that the schema does not allow: reading them is an error, never the end of the process.
#include "tests/contract/store_contract.h"

namespace postrider::testing {

TEST_P(StoreContract, ADeliveryOfAnUnknownStateIsAnErrorOfTheRead) {
  const EndpointId endpoint = add_endpoint();
  const DeliveryId id = append_delivery(endpoint);
  factory_->damage("UPDATE delivery SET state = 'lost'");
  EXPECT_EQ(reader_->delivery(id).error().code, Errc::kCorrupt);
  EXPECT_EQ(reader_->history(id).error().code, Errc::kCorrupt);
  EXPECT_EQ(reader_->deliveries({}, {}).error().code, Errc::kCorrupt);
}

TEST_P(StoreContract, AnAttemptOfAnUnknownOutcomeIsAnErrorOfTheRead) {
  const EndpointId endpoint = add_endpoint();
  const DeliveryId id = append_delivery(endpoint);
  settle(stored(id), Delivered{});
  factory_->damage("UPDATE attempt SET outcome = 'lost'");
  EXPECT_EQ(reader_->history(id).error().code, Errc::kCorrupt);
  EXPECT_EQ(reader_->deliveries({}, {}).error().code, Errc::kCorrupt);
}

TEST_P(StoreContract, AnEndpointOfAnUnknownStateIsAnErrorOfTheRead) {
  const EndpointId id = add_endpoint();
  factory_->damage("UPDATE endpoint SET state = 'lost'");
  EXPECT_EQ(reader_->endpoint(id).error().code, Errc::kCorrupt);
  EXPECT_EQ(reader_->all_endpoints().error().code, Errc::kCorrupt);
}

TEST_P(StoreContract, AKeyOfAnUnknownScopeIsAnErrorOfTheRead) {
  ApiKey key;
  key.name = "shop";
  key.sha256 = std::string(32, 'x');
  ASSERT_TRUE(committed([&] { return store_->add_api_key(key, kStart); }));
  factory_->damage("UPDATE api_key SET scope = 'root'");
  EXPECT_EQ(reader_->all_api_keys().error().code, Errc::kCorrupt);
  EXPECT_EQ(reader_->api_keys({}).error().code, Errc::kCorrupt);
}

TEST_P(StoreContract, ATaskOfAnUnknownKindIsAnErrorOfTheRead) {
  const auto id = committed([&] { return store_->add_task(Task{}, kStart); });
  ASSERT_TRUE(id) << id.error().context;
  factory_->damage("UPDATE task SET kind = 'lost'");
  EXPECT_EQ(reader_->task(*id).error().code, Errc::kCorrupt);
  EXPECT_EQ(reader_->tasks({}).error().code, Errc::kCorrupt);
  EXPECT_EQ(reader_->running_tasks().error().code, Errc::kCorrupt);
}

TEST_P(StoreContract, APendingDeliveryWithoutItsEventIsAnErrorOfTheRead) {
  const EndpointId endpoint = add_endpoint();
  append_delivery(endpoint);
  factory_->damage("DELETE FROM event");
  DueParams params;
  params.endpoint = endpoint;
  params.now = at(1000);
  params.rows_max = rows_max();
  params.is_held = [](DeliveryId) { return false; };
  EXPECT_EQ(reader_->due(params).error().code, Errc::kCorrupt);
}

TEST_P(OrderedStoreContract, AHeadWithoutItsEventIsAnErrorOfTheRead) {
  const EndpointId endpoint = add_endpoint();
  append_keyed(endpoint, "a");
  factory_->damage("DELETE FROM event");
  OrderedParams params;
  params.endpoint = endpoint;
  params.now = at(1000);
  params.rows_max = 2;
  params.keys = {"a"};
  EXPECT_EQ(reader_->ordered(params).error().code, Errc::kCorrupt);
}

}  // namespace postrider::testing
