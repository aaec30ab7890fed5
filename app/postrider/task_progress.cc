#include "app/postrider/task_progress.h"

#include <ostream>

#include "app/postrider/listing.h"
#include "app/postrider/table.h"
#include "base/mutex.h"

namespace postrider::cli {
namespace {

constexpr Millis kPollEvery{200};

/// Prints the progress of a task: one line that is overwritten on a terminal, otherwise a line per
/// change.
class ProgressLine {
 public:
  explicit ProgressLine(Io& io) : io_(io) {}

  void show(const JsonView& task) {
    const std::string line = task["kind"].text() + ": " + task["done"].text() + " of " +
                             task["total"].text() + " " + task["state"].text();
    const std::string shown = printable(line);
    if (shown == last_) return;
    last_ = shown;
    if (io_.err_is_terminal) {
      io_.err << '\r' << shown << "\x1b[K" << std::flush;
    } else {
      io_.err << shown << '\n' << std::flush;
    }
  }

  void end() {
    if (io_.err_is_terminal && !last_.empty()) io_.err << '\n';
  }

 private:
  Io& io_;
  std::string last_;
};

void pause_between_polls() {
  Mutex mutex;
  CondVar never;
  const MutexLock lock(mutex);
  static_cast<void>(never.wait_for(mutex, kPollEvery));
}

int status_of(const JsonView& task) {
  return task["state"].text() == "done" ? kExitDone : kExitFailed;
}

}  // namespace

void add_follow_options(const Command& command, FollowOptions& options) {
  command.flag("no-wait", options.no_wait, "Return at once; the server continues the task");
}

Result<int> follow_task(
    Api& api, Io& io, bool json, const FollowOptions& options, const Result<std::string>& answer
) {
  if (!answer) return tl::unexpected(answer.error());
  std::string body = *answer;
  const std::string id = JsonView(body)["id"].text();
  ProgressLine progress(io);
  int exit_status = kExitDone;
  while (!options.no_wait && !id.empty()) {
    const JsonView task(body);
    progress.show(task);
    exit_status = status_of(task);
    if (task["state"].text() != "running") break;
    pause_between_polls();
    auto next = api.call("GET", path_of("tasks", id));
    if (!next) {
      progress.end();
      return tl::unexpected(next.error());
    }
    body = std::move(*next);
  }
  progress.end();
  print_object(io, json, body);
  return exit_status;
}

}  // namespace postrider::cli
