// Commands against a server with canned answers: what they send, print and return.
#pragma once

#include <map>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/postrider/commands.h"
#include "app/postrider/io.h"
#include "base/limits.h"
#include "base/mutex.h"
#include "http/server.h"

namespace postrider::cli {

/// It is always noon of the first day of 2026.
class FixedClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall_now() const override { return from_unix_ms(1'767'268'800'000); }
  [[nodiscard]] MonoTime mono_now() const override { return MonoTime{}; }
  [[nodiscard]] std::int64_t boot() const override { return 1; }
};

class CommandsTest : public testing::Test {
 protected:
  CommandsTest() {
    for (const char* method : {"GET", "POST", "PATCH", "DELETE"}) {
      server_.route(method, "/{path...}", [this](const http::Request& r) { return answer(r); });
    }
  }
  void SetUp() override { ASSERT_TRUE(server_.start()); }

  /// The next answers to `request` ("GET /v1/x?y"), the last one for good.
  void can(const std::string& request, int status, std::string body) {
    const MutexLock lock(mutex_);
    canned_[request].push_back({status, std::move(body)});
  }

  int run(std::vector<std::string> args) {
    out_.str("");
    err_.str("");
    args.insert(args.end(), {"--server", server_.url(), "--key", "pr_test"});
    Cli cli("postrider", "Webhooks");
    add_client_commands(cli.root());
    return cli.run(std::move(args), io_);
  }

  std::vector<std::string> requests() {
    const MutexLock lock(mutex_);
    return requests_;
  }
  http::Request last() {
    const MutexLock lock(mutex_);
    return last_;
  }

  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
  FixedClock clock_;
  Io io_{.in = in_, .out = out_, .err = err_, .clock = &clock_};

 private:
  struct Canned {
    int status;
    std::string body;
  };

  static http::ServerOptions options() {
    http::ServerOptions options;
    options.body_bytes_max = limits::kBatchBytesMax;
    return options;
  }

  http::Response answer(const http::Request& request) {
    const MutexLock lock(mutex_);
    const std::string name = request.method + " " + request.target;
    requests_.push_back(name + (request.body.empty() ? "" : " " + request.body));
    last_ = request;
    http::Response answer;
    answer.content_type = "application/json";
    auto& answers = canned_[name];
    if (answers.empty()) {
      answer.status = 404;
      answer.body = R"({"title":"Not Found","status":404,"detail":"There is none."})";
      return answer;
    }
    answer.status = answers.front().status;
    answer.body = answers.front().body;
    if (answers.size() > 1) answers.erase(answers.begin());
    return answer;
  }

  Mutex mutex_;
  std::map<std::string, std::vector<Canned>> canned_ POSTRIDER_GUARDED_BY(mutex_);
  std::vector<std::string> requests_ POSTRIDER_GUARDED_BY(mutex_);
  http::Request last_ POSTRIDER_GUARDED_BY(mutex_);
  SystemClock machine_clock_;
  http::Server server_{options(), machine_clock_};
};

}  // namespace postrider::cli
