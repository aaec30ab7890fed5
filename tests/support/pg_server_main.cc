// The server of a CTest run: `pg_server start FILE` starts it and writes where it is, `pg_server
// stop FILE` ends it.
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>

#include "tests/support/pg_database.h"
#include "tests/support/pg_server.h"

namespace postrider::testing {
namespace {

int start(const std::string& file) {
  const auto server = start_pg_server(ServerLife::kOfItsParent);
  if (!server) return 1;
  make_pg_template(server->directory);
  std::ofstream(file) << server->directory << '\n' << server->supervisor << '\n';
  return 0;
}

int stop(const std::string& file) {
  std::string directory;
  int supervisor = 0;
  std::ifstream(file) >> directory >> supervisor;
  std::remove(file.c_str());
  return supervisor > 1 && ::kill(supervisor, SIGTERM) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace postrider::testing

int main(int count, char** words) {
  const std::string verb = count == 3 ? words[1] : "";
  if (verb == "start") return postrider::testing::start(words[2]);
  if (verb == "stop") return postrider::testing::stop(words[2]);
  std::cerr << "usage: pg_server start|stop FILE\n";
  return 2;
}
