#include "domain/event.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

bool type_fits(std::string_view type) {
  FieldErrors errors;
  check_event_type(type, "/type", errors);
  return errors.empty();
}

TEST(EventType, IsAWordOfDotSeparatedParts) {
  for (const char* type : {"a", "_x", "order.created", "Order-2.item_added", "0"})
    EXPECT_TRUE(type_fits(type)) << type;
  for (const char* type : {"", ".a", "-a", "a b", "a..b", "a.", "ordér", "a/b"})
    EXPECT_FALSE(type_fits(type)) << type;
  EXPECT_TRUE(type_fits(std::string(128, 'a')));
  EXPECT_FALSE(type_fits(std::string(129, 'a')));
}

TEST(EventChannels, AreNamedByPointerWhenWrong) {
  FieldErrors errors;
  check_channels({"eu", "", "a\nb"}, "/events/2/channels", errors);
  ASSERT_EQ(errors.size(), 2U);
  EXPECT_EQ(errors[0].pointer, "/events/2/channels/1");
  EXPECT_EQ(errors[1].pointer, "/events/2/channels/2");
}

TEST(Traceparent, HasTheFormOfTheW3cRecommendation) {
  EXPECT_TRUE(is_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
  EXPECT_FALSE(is_traceparent("00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
  EXPECT_FALSE(is_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x"));
  EXPECT_FALSE(is_traceparent("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
  EXPECT_FALSE(is_traceparent("00-0af7\r\n"));
}

}  // namespace
}  // namespace postrider
