#include "tests/support/pg_server.h"

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace postrider::testing {
namespace {

constexpr const char* kPrograms = "/usr/lib/postgresql/15/bin/";
constexpr int kLifetimeMs = 600'000;
constexpr std::string_view kReady = "ready to accept connections";
/// What the supervisor says when the server is; anything else is why it is not.
constexpr std::string_view kTold = "ready\n";

[[noreturn]] void give_up(const std::string& why) {
  std::cerr << "pg_server: " << why << '\n';
  ::_exit(1);
}

/// PostgreSQL does not run as root.
void become_postgres(const std::string& directory) {
  if (::geteuid() != 0) return;
  const passwd* const user = ::getpwnam("postgres");
  if (user == nullptr) give_up("there is no user postgres");
  if (::chown(directory.c_str(), user->pw_uid, user->pw_gid) != 0 || ::setgroups(0, nullptr) != 0 ||
      ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0)
    give_up("cannot become the user postgres");
}

/// Starts a program with its output in `output`. It is killed with this process.
pid_t spawn(const std::vector<std::string>& words, int output) {
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child != 0) return child;
  // SIGQUIT: postgres ends at once and its processes with it.
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (::getppid() != parent) ::_exit(1);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  std::vector<char*> arguments;
  for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execv(arguments.front(), arguments.data());
  ::_exit(127);
}

bool make_cluster(const std::string& directory, int log) {
  // A locale whose order is not that of bytes: queries must not depend on it.
  const pid_t initdb = spawn(
      {std::string{kPrograms} + "initdb",
       "--pgdata=" + directory + "/data",
       "--username=postgres",
       "--auth=trust",
       "--encoding=UTF8",
       "--locale=C.UTF-8",
       "--locale-provider=icu",
       "--icu-locale=en-US",
       "--no-sync",
       "--no-instructions"},
      log
  );
  int status = 0;
  return initdb > 0 && ::waitpid(initdb, &status, 0) == initdb && status == 0;
}

pid_t run_server(const std::string& directory, int output) {
  std::vector<std::string> words{std::string{kPrograms} + "postgres", "-D", directory + "/data"};
  for (const std::string setting :
       {"listen_addresses=",
        "fsync=off",
        "shared_buffers=32MB",
        "max_connections=100",
        "max_wal_size=256MB",
        "autovacuum=off",
        "log_statement=none"}) {
    words.emplace_back("-c");
    words.push_back(setting);
  }
  words.insert(words.end(), {"-c", "unix_socket_directories=" + directory});
  return spawn(words, output);
}

/// Copies what the server says to the log. True once it said that it is ready.
bool pass_on(int from, int log, std::string& said) {
  std::array<char, 4096> bytes{};
  const auto count = ::read(from, bytes.data(), bytes.size());
  if (count <= 0) return false;
  static_cast<void>(::write(log, bytes.data(), static_cast<std::size_t>(count)));  // for people
  said.append(bytes.data(), static_cast<std::size_t>(count));
  return said.find(kReady) != std::string::npos;
}

struct Supervised {
  pid_t server = 0;
  int output = -1;  // of the server
  int log = -1;
  int life = -1;     // readable once it is over
  int signals = -1;  // readable on SIGTERM
  int ready = -1;    // receives kTold when the server is ready
};

/// Until the server's life is over, or the server.
void watch(const Supervised& it) {
  std::string said;
  bool told = false;
  std::array<pollfd, 3> fds{
      pollfd{it.life, POLLIN, 0}, pollfd{it.signals, POLLIN, 0}, pollfd{it.output, POLLIN, 0}};
  while (::poll(fds.data(), fds.size(), kLifetimeMs) > 0) {
    if (fds[0].revents != 0 || fds[1].revents != 0) return;
    if ((fds[2].revents & POLLIN) == 0) return;
    const bool is_ready = pass_on(it.output, it.log, said);
    if (is_ready && !told) told = ::write(it.ready, kTold.data(), kTold.size()) > 0;
    if (told) said.clear();
  }
}

/// The life of the supervising process.
[[noreturn]] void supervise(const std::string& directory, int life, int ready) {
  ::setsid();
  become_postgres(directory);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  const int log =
      ::open((directory + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  // A reader of the first process's output must not wait for this process.
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(log, standard);
  std::array<int, 2> output{};
  if (make_cluster(directory, log) && ::pipe2(output.data(), O_CLOEXEC) == 0) {
    Supervised it;
    it.server = run_server(directory, output[1]);
    ::close(output[1]);
    it.output = output[0];
    it.log = log;
    it.life = life;
    it.signals = ::signalfd(-1, &signals, SFD_CLOEXEC);
    it.ready = ready;
    watch(it);
    ::kill(it.server, SIGQUIT);
    ::waitpid(it.server, nullptr, 0);
  } else if (std::ifstream text(directory + "/log"); text) {
    std::string line;
    while (std::getline(text, line))
      static_cast<void>(::write(ready, (line + '\n').data(), line.size() + 1));
  }
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored))
    std::filesystem::remove_all(entry.path(), ignored);
  std::filesystem::remove(directory, ignored);
  ::_exit(0);
}

/// A descriptor that is readable once `life` is over; the other end, if there is one, stays open in
/// this process for as long as it runs.
int open_life(ServerLife life, std::array<int, 2>& pipe) {
  if (life == ServerLife::kOfItsParent)
    return static_cast<int>(::syscall(SYS_pidfd_open, ::getppid(), 0));
  return ::pipe2(pipe.data(), O_CLOEXEC) == 0 ? pipe[0] : -1;
}

}  // namespace

std::optional<ServerHandle> start_pg_server(ServerLife life) {
  std::string directory = (std::filesystem::temp_directory_path() / "postrider-pg-XXXXXX").string();
  std::array<int, 2> life_pipe{-1, -1};
  std::array<int, 2> ready{};
  const int life_end = open_life(life, life_pipe);
  if (::mkdtemp(directory.data()) == nullptr || life_end < 0 ||
      ::pipe2(ready.data(), O_CLOEXEC) != 0)
    return std::nullopt;
  const pid_t supervisor = ::fork();
  if (supervisor == 0) {
    ::close(life_pipe[1]);
    ::close(ready[0]);
    supervise(directory, life_end, ready[1]);
  }
  ::close(ready[1]);
  ::close(life_end);
  std::string told;
  std::array<char, 4096> bytes{};
  ssize_t count = 0;
  while (told != kTold && (count = ::read(ready[0], bytes.data(), bytes.size())) > 0)
    told.append(bytes.data(), static_cast<std::size_t>(count));
  ::close(ready[0]);
  if (told == kTold) return ServerHandle{directory, supervisor};
  std::cerr << "pg_server: the server did not start\n" << told;
  return std::nullopt;
}

}  // namespace postrider::testing
