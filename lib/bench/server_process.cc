#include "bench/server_process.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/system_error.h"

namespace postrider::bench {
namespace {

constexpr std::string_view kListening = "listening on http://127.0.0.1:";
/// Opening a large database may take this long, in milliseconds.
constexpr int kStartMs = 60'000;

struct Pipe {
  Fd read;
  Fd write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(Errc::kUnavailable, "no pipe");
  return Pipe{Fd{ends[0]}, Fd{ends[1]}};
}

/// Starts the child process. The kernel kills it when this process ends for any reason.
Result<pid_t> spawn(std::vector<std::string> args, int output) {
  std::vector<char*> argv;
  argv.reserve(args.size() + 1);
  for (std::string& arg : args) argv.push_back(arg.data());
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) {
    const int error = errno;
    return fail_system(Errc::kUnavailable, "cannot start", error);
  }
  if (pid > 0) return pid;
  // Only async-signal-safe functions may be called between fork and exec.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(output, STDOUT_FILENO);
  ::execv("/proc/self/exe", argv.data());
  ::_exit(127);
}

}  // namespace

Result<std::unique_ptr<ServerProcess>> ServerProcess::start(
    const std::string& database, const std::vector<std::string>& flags
) {
  auto pipe = make_pipe();
  if (!pipe) return tl::unexpected(std::move(pipe).error());
  const std::string key = "pr_benchmark_root_key";
  std::vector<std::string> args{
      "postrider",
      "serve",
      "--db=" + database,
      "--listen=127.0.0.1:0",
      "--allow-net=127.0.0.0/8",
      "--log-level=warning",
      "--root-key=" + key};
  args.insert(args.end(), flags.begin(), flags.end());
  auto pid = spawn(std::move(args), pipe->write.get());
  if (!pid) return tl::unexpected(std::move(pid).error());
  std::unique_ptr<ServerProcess> server{new ServerProcess(*pid, key)};
  pipe->write.reset();
  server->output_ = std::move(pipe->read);
  if (auto ready = server->wait_for_address(); !ready)
    return tl::unexpected(std::move(ready).error());
  auto client = http::HttpClient::open("http://127.0.0.1:" + std::to_string(server->port_), key);
  if (!client) return tl::unexpected(std::move(client).error());
  server->client_ = std::make_unique<http::HttpClient>(std::move(*client));
  return server;
}

ServerProcess::~ServerProcess() { kill(); }

Status ServerProcess::wait_for_address() {
  std::string text;
  while (true) {
    pollfd polled{output_.get(), POLLIN, 0};
    if (::poll(&polled, 1, kStartMs) <= 0)
      return fail(Errc::kUnavailable, "the service did not start in time");
    std::array<char, 512> bytes{};
    const ssize_t got = ::read(output_.get(), bytes.data(), bytes.size());
    if (got <= 0) return fail(Errc::kUnavailable, "the service ended before it listened");
    text.append(bytes.data(), static_cast<std::size_t>(got));
    const std::size_t found = text.find(kListening);
    if (found == std::string::npos || text.find('\n', found) == std::string::npos) continue;
    const char* const digits = text.data() + found + kListening.size();
    std::from_chars(digits, text.data() + text.size(), port_);
    return {};
  }
}

Result<std::string> ServerProcess::call(
    std::string_view method, std::string_view path, std::string body
) {
  const std::string_view type = body.empty() ? "" : "application/json";
  auto answer = client_->request(method, path, std::move(body), type);
  if (!answer) return tl::unexpected(std::move(answer).error());
  if (answer->status / 100 != 2) {
    return fail(
        Errc::kUnavailable, std::string{method}.append(" ").append(path).append(": ") + answer->body
    );
  }
  return std::move(answer->body);
}

Result<std::string> ServerProcess::add_endpoint(std::string_view url, std::string_view event_type) {
  const nlohmann::json endpoint = {{"url", url}, {"event_types", {event_type}}};
  auto answer = call("POST", "/v1/endpoints", endpoint.dump());
  if (!answer) return answer;
  const auto made = nlohmann::json::parse(*answer, nullptr, false);
  return made.value("id", std::string{});
}

Result<double> ServerProcess::metric(std::string_view name) {
  const auto text = call("GET", "/metrics");
  if (!text) return tl::unexpected(text.error());
  const std::string line = "\n" + std::string{name} + " ";
  const std::size_t found = text->find(line);
  if (found == std::string::npos) return 0.0;
  double value = 0;
  const char* const begin = text->data() + found + line.size();
  std::from_chars(begin, text->data() + text->size(), value);
  return value;
}

std::int64_t ServerProcess::memory_bytes() const {
  std::ifstream statm("/proc/" + std::to_string(pid_) + "/statm");
  std::int64_t all = 0;
  std::int64_t resident = 0;
  statm >> all >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

double ServerProcess::cpu_seconds() const {
  std::ifstream stat("/proc/" + std::to_string(pid_) + "/stat");
  std::string text;
  std::getline(stat, text);
  // The program's name, in parentheses, may contain spaces. User and system time are the 12th and
  // 13th fields after it.
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::size_t ServerProcess::descriptors() const {
  std::error_code gone;
  const std::filesystem::directory_iterator open("/proc/" + std::to_string(pid_) + "/fd", gone);
  return gone ? 0 : static_cast<std::size_t>(std::distance(begin(open), end(open)));
}

void ServerProcess::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(std::exchange(pid_, 0), nullptr, 0);
}

Status ServerProcess::stop() {
  ::kill(pid_, SIGTERM);
  int status = 0;
  const pid_t ended = ::waitpid(std::exchange(pid_, 0), &status, 0);
  if (ended <= 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return fail(Errc::kUnavailable, "the service did not end in good order");
  return {};
}

}  // namespace postrider::bench
