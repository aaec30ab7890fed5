#include "tests/support/pg_database.h"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <unistd.h>

#include "store/postgres/database.h"

#include "tests/support/must.h"
#include "tests/support/pg_server.h"

namespace postrider::testing {
namespace {

constexpr const char* kTemplate = "migrated";

std::string url_in(const std::string& directory, const std::string& database) {
  return "postgresql:///" + database + "?user=postgres&host=" + directory;
}

std::string next_name() {
  static int count = 0;  // tidy: mutable-static (a name for each database of the process)
  return "test_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
}

}  // namespace

const std::string& pg_server_directory() {
  static const std::string kDirectory = [] {
    const char* const state = std::getenv("POSTRIDER_TEST_POSTGRES");
    std::string directory;
    if (state != nullptr && std::getline(std::ifstream(state), directory)) return directory;
    const auto started = start_pg_server(ServerLife::kOfThisProcess);
    if (!started) std::abort();
    make_pg_template(started->directory);
    return started->directory;
  }();
  return kDirectory;
}

RawPg::RawPg(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
  EXPECT_EQ(PQstatus(connection_), CONNECTION_OK) << PQerrorMessage(connection_);
  PQsetNoticeProcessor(
      connection_, [](void* /*unused*/, const char* /*notice*/) {}, nullptr
  );
}

RawPg::~RawPg() { PQfinish(connection_); }

std::string RawPg::exec(const std::string& sql) {
  PGresult* const result = PQexec(connection_, sql.c_str());
  const auto status = PQresultStatus(result);
  const bool done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
  const char* const state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  std::string failed = state == nullptr ? "lost" : state;
  PQclear(result);
  return done ? "" : failed;
}

std::vector<std::string> RawPg::column(const std::string& sql, int number) {
  PGresult* const result = PQexec(connection_, sql.c_str());
  EXPECT_EQ(PQresultStatus(result), PGRES_TUPLES_OK) << PQerrorMessage(connection_) << "\n" << sql;
  std::vector<std::string> rows;
  for (int i = 0; i < PQntuples(result); ++i) rows.emplace_back(PQgetvalue(result, i, number));
  PQclear(result);
  return rows;
}

void RawPg::end_other_sessions() {
  const auto ended = column(
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
      "WHERE datname = current_database() AND pid <> pg_backend_pid()"
  );
  EXPECT_FALSE(ended.empty());
}

PgDatabase::PgDatabase(PgContent content)
    : name_(next_name()), url_(url_in(pg_server_directory(), name_)) {
  const char* const from = content == PgContent::kMigrated ? kTemplate : "template0";
  RawPg admin(url_in(pg_server_directory(), "postgres"));
  EXPECT_EQ(admin.exec("CREATE DATABASE " + name_ + " TEMPLATE " + from), "");
}

PgDatabase::~PgDatabase() {
  RawPg admin(url_in(pg_server_directory(), "postgres"));
  EXPECT_EQ(admin.exec("DROP DATABASE " + name_ + " WITH (FORCE)"), "");
}

void make_pg_template(const std::string& directory) {
  RawPg admin(url_in(directory, "postgres"));
  EXPECT_EQ(admin.exec(std::string{"CREATE DATABASE "} + kTemplate), "");
  must(postgres::open_writable(url_in(directory, kTemplate)));
}

}  // namespace postrider::testing
