// Runs a command in the background after it has returned to the shell.
#pragma once

#include <string>

#include <sys/types.h>

#include "app/postrider/io.h"
#include "base/error.h"
#include "base/fd.h"

namespace postrider::cli {

/// A process of its own, with three files in a folder that only its owner can read:
///   pid  its process id; locked while it runs
///   log  what it prints
///   env  variables for a shell; removed when it ends
class Background {
 public:
  /// Forks, so it is called before any thread starts. kConflict when a process runs in `folder`
  /// already.
  [[nodiscard]] static Result<Background> start(const std::string& folder, Io& io);
  Background(Background&& other) noexcept = default;
  Background& operator=(Background&&) = delete;
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
  /// In the child: removes `env`.
  ~Background();

  /// False in the process that the shell waits for.
  [[nodiscard]] bool is_child() const { return child_ == 0; }

  /// In the child: writes `env` and lets the parent return.
  [[nodiscard]] Status report_ready(const std::string& env);

  /// In the parent: waits until the child has reported or ended, shows what it has printed, and
  /// returns the exit status.
  [[nodiscard]] int wait(Io& io);

 private:
  Background(std::string folder, pid_t child, Fd lock, Fd ready);
  [[nodiscard]] std::string file(std::string_view name) const {
    return folder_ + "/" + std::string(name);
  }

  std::string folder_;
  pid_t child_;  ///< 0 in the child
  Fd lock_;      ///< of the child; held until it ends
  Fd ready_;     ///< a pipe from the child to the parent
};

/// Asks the process of `folder` to stop and waits until it has ended. Does nothing when none runs.
[[nodiscard]] Result<int> stop_background(const std::string& folder, Io& io);

}  // namespace postrider::cli
