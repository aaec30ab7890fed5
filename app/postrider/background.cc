#include "app/postrider/background.h"

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <ostream>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/parse_number.h"
#include "base/system_error.h"

namespace postrider::cli {
namespace {

constexpr unsigned kStopTimeoutSeconds = 60;
constexpr char kReady = 'r';

Result<Fd> open_file(const std::string& path, int flags) {
  Fd file{::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file) return fail_system(Errc::kUnavailable, "cannot open " + path, errno);
  return file;
}

Status make_folder(const std::string& folder) {
  std::error_code failed;
  std::filesystem::create_directories(std::filesystem::absolute(folder).parent_path(), failed);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return fail_system(Errc::kUnavailable, "cannot make the folder " + folder, errno);
  return {};
}

Status write_all(const Fd& file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno != EINTR) return fail_system(Errc::kUnavailable, "write", errno);
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

std::string read_file(const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Returns the process id in the file; nullopt when there is none.
std::optional<pid_t> read_pid(const std::string& path) {
  std::string text = read_file(path);
  if (!text.empty() && text.back() == '\n') text.pop_back();
  const auto pid = parse_number<pid_t>(text);
  return pid && *pid > 1 ? pid : std::nullopt;
}

/// Detaches from the terminal and redirects output to `log`.
Status leave_terminal(const Fd& log) {
  ::setsid();
  auto nothing = open_file("/dev/null", O_RDONLY);
  if (!nothing) return tl::unexpected<Error>(std::move(nothing).error());
  if (::dup2(nothing->get(), STDIN_FILENO) < 0 || ::dup2(log.get(), STDOUT_FILENO) < 0 ||
      ::dup2(log.get(), STDERR_FILENO) < 0) {
    return fail_system(Errc::kUnavailable, "dup2", errno);
  }
  return {};
}

/// Waits for the lock that a process holds until it ends. Returns false after the timeout.
bool wait_for_lock(const Fd& file, unsigned timeout_seconds) {
  struct sigaction wake_up {};
  wake_up.sa_handler = [](int) {};  // without SA_RESTART: the signal ends flock()
  ::sigaction(SIGALRM, &wake_up, nullptr);
  ::alarm(timeout_seconds);
  const bool locked = ::flock(file.get(), LOCK_SH) == 0;
  ::alarm(0);
  return locked;
}

}  // namespace

Background::Background(std::string folder, pid_t child, Fd lock, Fd ready)
    : folder_(std::move(folder)), child_(child), lock_(std::move(lock)), ready_(std::move(ready)) {}

Background::~Background() {
  // A moved-from object has no lock; the parent's lock is closed before it waits.
  if (!is_child() || !lock_) return;
  ::unlink(file("env").c_str());
}

Result<Background> Background::start(const std::string& folder, Io& io) {
  if (auto made = make_folder(folder); !made) return tl::unexpected(std::move(made).error());
  auto lock = open_file(folder + "/pid", O_RDWR | O_CREAT);
  if (!lock) return tl::unexpected(std::move(lock).error());
  if (::flock(lock->get(), LOCK_EX | LOCK_NB) != 0) {
    const auto pid = read_pid(folder + "/pid");
    return fail(
        Errc::kConflict,
        "process " + (pid ? std::to_string(*pid) : "?") + " runs in " + folder +
            " already: set its variables with `. " + folder +
            "/env`, or stop it with `postrider dev --stop " + folder + "`"
    );
  }
  auto log = open_file(folder + "/log", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
  if (!log) return tl::unexpected(std::move(log).error());
  int ends[2] = {};
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_system(Errc::kUnavailable, "pipe", errno);
  Fd read_end{ends[0]};
  Fd write_end{ends[1]};
  io.out << std::flush;
  io.err << std::flush;
  const pid_t child = ::fork();
  if (child < 0) return fail_system(Errc::kUnavailable, "fork", errno);
  if (child > 0) return Background(folder, child, Fd{}, std::move(read_end));
  if (auto left = leave_terminal(*log); !left) return tl::unexpected(std::move(left).error());
  io.err_is_terminal = false;
  io.width = 0;
  if (::ftruncate(lock->get(), 0) != 0) return fail_system(Errc::kUnavailable, "ftruncate", errno);
  if (auto status = write_all(*lock, std::to_string(::getpid()) + "\n"); !status)
    return tl::unexpected(std::move(status).error());
  return Background(folder, 0, std::move(*lock), std::move(write_end));
}

Status Background::report_ready(const std::string& env) {
  ::unlink(file("env").c_str());
  auto written = open_file(file("env"), O_WRONLY | O_CREAT | O_EXCL);
  if (!written) return tl::unexpected<Error>(std::move(written).error());
  if (auto status = write_all(*written, env); !status) return status;
  // Fails when the parent has ended, because then no user knows of this process.
  auto reported = write_all(ready_, std::string_view{&kReady, 1});
  ready_.reset();
  return reported;
}

int Background::wait(Io& io) {
  char byte = 0;
  ssize_t count = 0;
  do {
    count = ::read(ready_.get(), &byte, 1);
  } while (count < 0 && errno == EINTR);
  const bool is_ready = count == 1 && byte == kReady;
  (is_ready ? io.out : io.err) << read_file(file("log")) << std::flush;
  if (!is_ready) return kExitFailed;
  io.out << "Process " << child_ << " runs in the background and prints to " << file("log")
         << ".\n\n  . " << file("env") << "      # sets the variables above in this shell\n"
         << "  postrider dev --stop " << folder_ << "      # stops it\n"
         << std::flush;
  return kExitDone;
}

Result<int> stop_background(const std::string& folder, Io& io) {
  const auto pid_file = open_file(folder + "/pid", O_RDONLY);
  const auto pid = read_pid(folder + "/pid");
  if (!pid_file || !pid || ::flock(pid_file->get(), LOCK_SH | LOCK_NB) == 0) {
    io.out << "nothing runs in " << folder << '\n';
    return kExitDone;
  }
  if (::kill(*pid, SIGTERM) != 0)
    return fail_system(Errc::kUnavailable, "cannot stop process " + std::to_string(*pid), errno);
  if (!wait_for_lock(*pid_file, kStopTimeoutSeconds))
    return fail(Errc::kUnavailable, "process " + std::to_string(*pid) + " has not ended");
  io.out << "stopped process " << *pid << '\n';
  return kExitDone;
}

}  // namespace postrider::cli
