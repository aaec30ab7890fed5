// Continues a command in the background after it has returned to the shell.
#pragma once

#include <string>

#include <sys/types.h>

#include "app/postrider/io.h"
#include "base/error.h"
#include "base/fd.h"

namespace postrider::cli {

/// A background process, with three files in a folder that only its owner can read:
///   pid  its process id; locked while it runs
///   log  its output
///   env  variables for a shell; removed when it ends
class Background {
 public:
  /// Forks, so call it before any thread starts. Fails with kConflict when a process is already
  /// running in `folder`.
  [[nodiscard]] static Result<Background> start(const std::string& folder, Io& io);
  Background(Background&& other) noexcept = default;
  Background& operator=(Background&&) = delete;
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
  /// In the child: removes `env`.
  ~Background();

  /// Returns false in the process for which the shell waits.
  [[nodiscard]] bool is_child() const { return child_ == 0; }

  /// In the child: writes `env` and lets the parent return to the shell.
  [[nodiscard]] Status report_ready(const std::string& env);

  /// In the parent: waits until the child has reported or ended, prints the child's output, and
  /// returns the exit status.
  [[nodiscard]] int wait(Io& io);

 private:
  Background(std::string folder, pid_t child, Fd lock, Fd ready);
  [[nodiscard]] std::string file(std::string_view name) const {
    return folder_ + "/" + std::string(name);
  }

  std::string folder_;
  pid_t child_;  ///< 0 in the child
  Fd lock_;      ///< the child's lock, held until it ends
  Fd ready_;     ///< a pipe from the child to the parent
};

/// Asks the process of `folder` to stop and waits until it has ended. Does nothing when there is
/// none.
[[nodiscard]] Result<int> stop_background(const std::string& folder, Io& io);

}  // namespace postrider::cli
