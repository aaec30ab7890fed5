#include "store/sqlite/database_lock.h"

#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/system_error.h"
#include "store/sqlite/database_file.h"

namespace postrider::sqlite {
namespace {

/// Returns the process id in the lock file, or empty text if there is none (yet).
std::string holder_of(int file) {
  std::array<char, 24> text{};
  const ssize_t count = ::pread(file, text.data(), text.size(), 0);
  std::string digits;
  for (ssize_t i = 0; i < count; ++i) {
    const char c = text.at(static_cast<std::size_t>(i));
    if (c < '0' || c > '9') break;
    digits += c;
  }
  return digits;
}

tl::unexpected<Error> failed(const std::string& path, int error) {
  return fail_system(Errc::kUnavailable, "cannot lock " + path, error);
}

}  // namespace

Result<DatabaseLock> DatabaseLock::take(const std::string& database) {
  if (auto usable = check_usable(database); !usable) return tl::unexpected(usable.error());
  const std::string path = database + ".lock";
  // A link that another user has placed here must not make us create or empty another file.
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0 && errno == ELOOP)
    return fail(Errc::kUnavailable, "cannot lock " + path + ": it is a symbolic link", ELOOP);
  if (file < 0 && errno == ENOENT)
    return fail(Errc::kUnavailable, "the directory of " + database + " does not exist", ENOENT);
  if (file < 0) return failed(path, errno);
  DatabaseLock lock(file);
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed(path, errno);
    const std::string holder = holder_of(file);
    return fail(
        Errc::kBusy,
        database + " is in use by " +
            (holder.empty() ? std::string{"another process"} : "process " + holder) +
            " (it holds " + path + ")",
        EWOULDBLOCK
    );
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file, 0) != 0) return failed(path, errno);
  if (::pwrite(file, pid.data(), pid.size(), 0) < 0) return failed(path, errno);
  return lock;
}

DatabaseLock::DatabaseLock(DatabaseLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

// The file stays: removing it would let two processes lock two files of the same name.
DatabaseLock::~DatabaseLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace postrider::sqlite
