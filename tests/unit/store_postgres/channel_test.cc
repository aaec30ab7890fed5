// Notifications between nodes.
#include <chrono>
#include <csignal>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "store/postgres/pg_channel.h"
#include "store/postgres/pg_connection.h"
#include "store/postgres/sql_messages.h"
#include "store/postgres/sql_session.h"

#include "tests/support/must.h"
#include "tests/support/pg_database.h"

namespace postrider::testing {
namespace {

using postgres::ChannelPatience;
using postgres::Connection;
using postgres::PgChannel;
using postgres::Role;
using Messages = std::vector<std::string>;

constexpr Millis kLong{600'000};
constexpr Millis kNone{0};
constexpr ChannelPatience kImpatient{.quiet = Millis{20}, .silent = Millis{100}};

class PgChannels : public ::testing::Test {
 protected:
  std::unique_ptr<PgChannel> open(const std::string& url, ChannelPatience patience = {}) {
    return must(PgChannel::open(url, clock_, patience));
  }
  std::unique_ptr<PgChannel> open() { return open(database_.url()); }

  /// The first `count` messages that arrive.
  static Messages hear(PgChannel& channel, std::size_t count) {
    Messages heard;
    while (heard.size() < count) {
      for (std::string& message : must(channel.wait(kLong))) heard.push_back(std::move(message));
    }
    return heard;
  }

  const PgDatabase database_;
  RawPg client_{database_.url()};
  const SystemClock clock_{};
};

/// A process of the server that is not run for a while.
class Frozen {
 public:
  explicit Frozen(int process) : process_(process) { EXPECT_EQ(::kill(process_, SIGSTOP), 0); }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;
  ~Frozen() { ::kill(process_, SIGCONT); }

 private:
  const int process_;
};

}  // namespace

TEST_F(PgChannels, MessagesArriveAtAllOthersInOrder) {
  const auto one = open();
  const auto two = open();
  const auto three = open();
  must(one->send("first"));
  must(one->send(""));
  must(one->send("über"));
  const Messages sent{"first", "", "über"};
  EXPECT_EQ(hear(*two, 3), sent);
  EXPECT_EQ(hear(*three, 3), sent);
}

TEST_F(PgChannels, NobodyHearsHimself) {
  const auto one = open();
  const auto two = open();
  must(one->send("of one"));
  must(two->send("of two"));
  must(one->send("of one again"));
  EXPECT_EQ(hear(*two, 2), (Messages{"of one", "of one again"}));
  EXPECT_EQ(hear(*one, 1), Messages{"of two"});
  EXPECT_EQ(must(one->wait(kNone)), Messages{});
}

TEST_F(PgChannels, WaitEndsWithTheTimeoutAndWithAWake) {
  const auto one = open();
  EXPECT_EQ(must(one->wait(kNone)), Messages{});
  EXPECT_EQ(must(one->wait(Millis{5})), Messages{});
  one->wake();
  one->wake();
  EXPECT_EQ(must(one->wait(kLong)), Messages{});
  auto woken = std::async(std::launch::async, [&] { return must(one->wait(kLong)); });
  one->wake();
  EXPECT_EQ(woken.get(), Messages{});
}

TEST_F(PgChannels, MessageThatIsTooLongOrNoTextIsRefused) {
  const auto one = open();
  const auto two = open();
  const std::string longest(kNodeMessageBytesMax, 'x');
  must(one->send(longest));
  for (const std::string& refused :
       {longest + "x", std::string("a\0b", 3), std::string("\xff\xfe")}) {
    const Status status = one->send(refused);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, Errc::kInvalidArgument);
  }
  must(one->send("behind it"));
  EXPECT_EQ(hear(*two, 2), (Messages{longest, "behind it"}));
}

TEST_F(PgChannels, NodesOfOtherSchemasHearNothing) {
  // As long as a name can be, but for the last character the same.
  const std::string name(62, 'n');
  const auto url_of = [&](const std::string& schema) {
    EXPECT_EQ(client_.exec("CREATE SCHEMA " + schema), "");
    return database_.url() + "&options=-csearch_path%3D" + schema;
  };
  const std::string first = url_of(name + "1");
  const std::string second = url_of(name + "2");
  const auto one = open(first);
  const auto two = open(first);
  const auto other = open(second);
  const auto other_two = open(second);
  must(one->send("of the first"));
  must(other->send("of the second"));
  EXPECT_EQ(hear(*two, 1), Messages{"of the first"});
  EXPECT_EQ(hear(*other_two, 1), Messages{"of the second"});
  EXPECT_EQ(must(two->wait(kNone)), Messages{});
}

TEST_F(PgChannels, SessionThatEndsIsOneErrorAndThenMessagesArriveAgain) {
  const auto one = open();
  const auto two = open();
  client_.end_other_sessions();
  const auto missed = two->wait(kLong);
  ASSERT_FALSE(missed);
  EXPECT_EQ(missed.error().code, Errc::kUnavailable);
  EXPECT_EQ(one->send("lost").error().code, Errc::kUnavailable);
  must(one->send("again"));
  EXPECT_EQ(must(two->wait(kLong)), Messages{"again"});
  must(two->send("back"));
  EXPECT_FALSE(one->wait(kLong)) << "what came before its second message may have been missed";
  must(two->send("and forth"));
  EXPECT_EQ(hear(*one, 2), (Messages{"back", "and forth"}));
}

TEST_F(PgChannels, WhatIsSentBehindTheErrorIsNotMissed) {
  const auto one = open();
  const auto two = open();
  client_.end_other_sessions();
  static_cast<void>(one->send("finds the end of its session").has_value());
  ASSERT_FALSE(two->wait(kLong));
  // The other one listens already, although it does not wait.
  must(one->send("heard"));
  EXPECT_EQ(must(two->wait(kLong)), Messages{"heard"});
}

TEST_F(PgChannels, ServerThatTakesNoSessionsIsAnErrorUntilItDoes) {
  const auto one = open();
  RawPg admin("postgresql:///postgres?user=postgres&host=" + pg_server_directory());
  const std::string name = client_.column("SELECT current_database()").front();
  ASSERT_EQ(admin.exec("ALTER DATABASE " + name + " ALLOW_CONNECTIONS false"), "");
  client_.end_other_sessions();
  while (one->wait(Millis{1})) {
  }
  EXPECT_EQ(one->wait(kNone).error().code, Errc::kUnavailable);
  EXPECT_EQ(one->send("no").error().code, Errc::kUnavailable);
  one->wake();
  EXPECT_FALSE(one->wait(kLong)) << "it does not wait for the server";
  ASSERT_EQ(admin.exec("ALTER DATABASE " + name + " ALLOW_CONNECTIONS true"), "");
  EXPECT_FALSE(one->wait(kNone)) << "it hears again";
  EXPECT_EQ(must(one->wait(kNone)), Messages{});
}

TEST_F(PgChannels, ManyMessagesWaitWhileNobodyDoes) {
  const auto one = open();
  const auto db = must(Connection::open(database_.url(), Role::kWriter));
  Messages sent;
  // More than sockets hold.
  for (int i = 0; i < 4000; ++i) {
    sent.push_back(std::to_string(i) + std::string(1000, '.'));
    db->queue(postgres::sql::kNotify, sent.back());
  }
  must(db->exchange());
  must(one->send("goes out all the same"));
  EXPECT_EQ(hear(*one, sent.size()), sent);
}

TEST_F(PgChannels, TransactionSpeaksWithItsCommit) {
  const auto one = open();
  const auto db = must(Connection::open(database_.url(), Role::kWriter));
  const auto speak = [&](std::string_view end) {
    db->queue(postgres::sql::kBeginWrite);
    db->queue(postgres::sql::kNotify, end);
    must(db->exchange());
    EXPECT_EQ(must(one->wait(kNone)), Messages{});
    must(db->run(end));
  };
  speak(postgres::sql::kRollback);
  speak(postgres::sql::kCommit);
  EXPECT_EQ(must(one->wait(kLong)), Messages{std::string{postgres::sql::kCommit}});
}

TEST_F(PgChannels, QuietServerIsAskedAndHeardFurther) {
  const auto one = open(database_.url(), kImpatient);
  const auto two = open();
  EXPECT_EQ(must(one->wait(3 * kImpatient.quiet)), Messages{});
  must(two->send("still there"));
  EXPECT_EQ(must(one->wait(kLong)), Messages{"still there"});
}

TEST_F(PgChannels, ServerThatDoesNotAnswerHasLostTheSession) {
  const auto one = open(database_.url(), kImpatient);
  const auto newest = [&] {
    return std::stoi(client_
                         .column("SELECT pid FROM pg_stat_activity "
                                 "WHERE application_name = 'postrider' "
                                 "AND datname = current_database() "
                                 "ORDER BY backend_start DESC LIMIT 1")
                         .front());
  };
  {
    const Frozen session(newest());
    const auto missed = one->wait(kLong);
    ASSERT_FALSE(missed);
    EXPECT_EQ(missed.error().code, Errc::kUnavailable);
    EXPECT_EQ(must(one->wait(kNone)), Messages{});
    const Frozen next(newest());
    EXPECT_EQ(one->send("nobody hears it").error().code, Errc::kUnavailable);
  }
  must(one->send("in a third session"));
}

}  // namespace postrider::testing
