#include "store/sqlite/backup.h"

#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

#include "base/system_error.h"
#include "store/sqlite/database_file.h"
#include "store/sqlite/sql_file.h"

namespace postrider::sqlite {
namespace {

using BackupHandle = UniqueHandle<sqlite3_backup, sqlite3_backup_finish>;

constexpr int kPagesPerStep = 1024;
constexpr Millis kBusyTimeout{5000};

tl::unexpected<Error> system_error(const std::string& doing) {
  const int error = errno;
  const auto code =
      error == ENOSPC || error == EDQUOT ? Errc::kUnavailable : Errc::kInvalidArgument;
  return fail_system(code, doing, error);
}

Status sync(const std::string& path, int flags) {
  const int file = ::open(path.c_str(), flags | O_CLOEXEC);
  if (file < 0) return system_error("cannot open " + path);
  const int synced = ::fsync(file);
  Status status;
  if (synced != 0) status = system_error("cannot sync " + path);
  ::close(file);
  return status;
}

// All steps use one snapshot: the copy has the state of one moment, and writes do not restart it.
// The log grows meanwhile, because no checkpoint passes the snapshot.
Status copy(Db& from, Db& to, const BackupProgress& progress) {
  const Snapshot snapshot(from);
  if (!snapshot.status()) return snapshot.status();
  const auto pinned = from.one(sql::kHasTables, [](const Row& row) { return row.i64(0); });
  if (!pinned) return tl::unexpected<Error>(pinned.error());
  const BackupHandle handle{sqlite3_backup_init(to.handle(), "main", from.handle(), "main")};
  if (handle == nullptr)
    return tl::unexpected<Error>(to.error(sqlite3_errcode(to.handle()), "backup"));
  while (true) {
    const int code = sqlite3_backup_step(handle.get(), kPagesPerStep);
    if (code != SQLITE_OK && code != SQLITE_DONE)
      return tl::unexpected<Error>(to.error(code, "backup"));
    const std::int64_t total = sqlite3_backup_pagecount(handle.get());
    if (progress) progress(total - sqlite3_backup_remaining(handle.get()), total);
    if (code == SQLITE_DONE) return {};
  }
}

Status copy_into(const std::string& from, const std::string& to, const BackupProgress& progress) {
  auto source = open_readable(from);
  if (!source) return tl::unexpected<Error>(source.error());
  {
    auto target = Db::open(to, Access::kReadWrite, kBusyTimeout);
    if (!target) return tl::unexpected<Error>(target.error());
    if (auto status = copy(**source, **target, progress); !status) return status;
  }
  if (auto status = sync(to, O_RDWR); !status) return status;
  const auto directory = std::filesystem::path{to}.parent_path().string();
  if (auto status = sync(directory.empty() ? "." : directory, O_RDONLY); !status) return status;
  const auto opened = open_readable(to);
  if (!opened) return tl::unexpected<Error>(opened.error());
  return {};
}

}  // namespace

Status backup(const std::string& from, const std::string& to, const BackupProgress& progress) {
  // Creating the file first makes one of two backups to the same file fail.
  const int file = ::open(to.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0 && errno == EEXIST) return fail(Errc::kConflict, to + " exists already", EEXIST);
  if (file < 0) return system_error("cannot make " + to);
  ::close(file);
  auto status = copy_into(from, to, progress);
  std::error_code ignored;  // these files may not exist
  std::filesystem::remove(to + "-wal", ignored);
  std::filesystem::remove(to + "-shm", ignored);
  if (!status) std::filesystem::remove(to, ignored);
  return status;
}

}  // namespace postrider::sqlite
