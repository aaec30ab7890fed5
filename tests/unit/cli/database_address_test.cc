#include "app/postrider/database_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(DatabaseAddress, IsAFileOrAPostgresUrl) {
  for (const char* file : {"postrider.db", "/var/lib/postrider/a.db", "./a:b.db", "data/x.db"}) {
    EXPECT_TRUE(check_database_address(file)) << file;
    EXPECT_FALSE(is_postgres_url(file)) << file;
  }
  for (const char* url :
       {"postgresql://localhost/app",
        "postgres://u@h:5432/app",
        "postgresql://u:p%40ss@h1:5432,[::1]:5433/app?sslmode=require",
        "postgresql:///app?host=/run/postgresql"}) {
    EXPECT_TRUE(check_database_address(url)) << url;
    EXPECT_TRUE(is_postgres_url(url)) << url;
  }
}

TEST(DatabaseAddress, AMistypedUrlIsNotAFileAndItsPasswordIsNotQuoted) {
  for (const char* mistyped :
       {"postgresql:/u:s3cret@h/app",
        "postgresql:u:s3cret@h/app",
        "postgressql://u:s3cret@h/app",
        "POSTGRESQL://u:s3cret@h/app",
        "mysql://u:s3cret@h/app",
        "://u:s3cret@h/app",
        "host=h user=u password=s3cret",
        "password=s3cret host=h",
        "postgresql://u:a@s3cret@h/app",
        "postgresql://u:a/s3cret@h/app",
        "postgresql://u:a?s3cret@h/app",
        "postgresql://u:s3cret%zz@h/app",
        "postgresql://u@h:s3cret/app",
        ""}) {
    const auto checked = check_database_address(mistyped);
    ASSERT_FALSE(checked) << mistyped;
    EXPECT_THAT(checked.error().context, Not(HasSubstr("s3cret"))) << mistyped;
  }
}

TEST(DatabaseAddress, IsShownWithoutItsPassword) {
  EXPECT_EQ(shown_database("a.db"), "a.db");
  EXPECT_EQ(shown_database("postgresql://h/app"), "postgresql://h/app");
  EXPECT_EQ(shown_database("postgres://u:s3cret@h:5432/app?x=1"), "postgresql://u@h:5432/app");
  EXPECT_EQ(shown_database("postgresql://u@h/app?password=s3cret"), "postgresql://u@h/app");
}

TEST(DatabaseAddress, SaysWhetherItHoldsAPassword) {
  EXPECT_FALSE(has_password("a:b"));
  EXPECT_FALSE(has_password("postgresql://u@h:5432/app?sslmode=require"));
  EXPECT_TRUE(has_password("postgresql://u:s3cret@h/app"));
  EXPECT_TRUE(has_password("postgresql://u@h/app?sslmode=require&password=s3cret"));
  EXPECT_TRUE(has_password("postgresql://u@h/app?passw%6frd=s3cret"));
}

}  // namespace
}  // namespace postrider::cli
