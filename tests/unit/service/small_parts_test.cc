// Health, keys and the catalogue: values without a store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/catalogue.h"
#include "service/health.h"
#include "service/key_usage.h"
#include "service/keyring.h"

namespace postrider::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr WallTime kNow = from_unix_ms(1'767'225'600'000);

TEST(Health, CountsFromTheFirstFailure) {
  Health health;
  health.failed(kNow);
  health.failed(kNow + Millis{5});
  EXPECT_EQ(health.failing_since, kNow);
  EXPECT_EQ(health.failed_attempts_count, 2);
}

TEST(Health, DisablesOnlyWithBothDaysAndAttempts) {
  Health health{kNow, kFailingAttemptsMin - 1};
  EXPECT_FALSE(health.disables(kNow + kFailingDisablesAfter));
  health.failed_attempts_count = kFailingAttemptsMin;
  EXPECT_FALSE(health.disables(kNow + kFailingDisablesAfter - Millis{1}));
  EXPECT_TRUE(health.disables(kNow + kFailingDisablesAfter));
  EXPECT_FALSE(Health{}.disables(kNow));
}

TEST(ApiKeys, AreLongAndDifferFromOneAnother) {
  const std::string key = generate_api_key();
  EXPECT_TRUE(key.starts_with("pr_"));
  EXPECT_THAT(key, SizeIs(46));
  EXPECT_NE(key, generate_api_key());
}

TEST(Keyring, FindsKeysByTheirHashUntilTheyExpire) {
  ApiKey stored;
  stored.scope = KeyScope::kEmit;
  stored.sha256 = hash_api_key("pr_secret");
  stored.expires_at = kNow + Millis{10};
  const Keyring keyring{{stored}, {}};
  ASSERT_TRUE(keyring.find("pr_secret", kNow + Millis{9}));
  EXPECT_EQ(keyring.find("pr_secret", kNow)->scope, KeyScope::kEmit);
  EXPECT_FALSE(keyring.find("pr_secret", kNow + Millis{10}));
  EXPECT_FALSE(keyring.find("pr_other", kNow));
  EXPECT_FALSE(keyring.find("", kNow));
}

TEST(Keyring, KnowsTheRootKeyOfTheCommandLine) {
  const Keyring keyring{{}, hash_api_key("root")};
  EXPECT_EQ(keyring.find("root", kNow)->scope, KeyScope::kAdmin);
  EXPECT_FALSE(Keyring({}, {}).find("", kNow));
}

TEST(KeyUsage, HoldsTheLatestUseOfEachKeyUntilItIsSaved) {
  KeyUsage usage;
  const KeyId one{1};
  const KeyId two{2};
  usage.record(two, kNow);
  usage.record(one, kNow + Millis{5});
  usage.record(one, kNow);  // the clock stepped back
  EXPECT_EQ(usage.unsaved(one), kNow + Millis{5});
  const auto uses = usage.unsaved();
  EXPECT_THAT(uses, ElementsAre(ApiKeyUse{one, kNow + Millis{5}}, ApiKeyUse{two, kNow}));
  usage.record(two, kNow + Millis{7});  // while the others are being written
  usage.saved(uses);
  EXPECT_FALSE(usage.unsaved(one));
  EXPECT_THAT(usage.unsaved(), ElementsAre(ApiKeyUse{two, kNow + Millis{7}}));
}

TEST(Catalogue, ChecksOnlyTypesWithASchema) {
  EventType with;
  with.name = "a";
  with.schema = R"({"type":"object","required":["id"]})";
  EventType without;
  without.name = "b";
  const auto catalogue = Catalogue::build({with, without});
  EXPECT_TRUE(catalogue->has_schemas());
  EventDraft draft;
  draft.data = "{}";
  for (const auto* type : {"b", "c"}) {
    FieldErrors errors;
    draft.type = type;
    catalogue->check(draft, "/data", errors);
    EXPECT_THAT(errors, IsEmpty());
  }
  FieldErrors errors;
  draft.type = "a";
  catalogue->check(draft, "/data", errors);
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_TRUE(errors.front().pointer.starts_with("/data"));
}

TEST(Catalogue, LeavesOutASchemaThatDoesNotCompile) {
  EventType broken;
  broken.name = "a";
  broken.schema = "{";
  EXPECT_FALSE(Catalogue::build({broken})->has_schemas());
}

}  // namespace
}  // namespace postrider::testing
