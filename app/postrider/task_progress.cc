#include "app/postrider/task_progress.h"

#include <ostream>

#include "app/postrider/listing.h"
#include "base/mutex.h"

namespace postrider::cli {
namespace {

constexpr Millis kPollEvery{200};

/// Shows how far a task is: one line that rewrites itself on a terminal, a line per change
/// elsewhere.
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
  command.flag("no-wait", options.no_wait, "Return at once; the task goes on in the server");
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

void add_recover(const Command& group) {
  struct Options {
    ApiOptions api;
    FollowOptions follow;
    std::string id;
    std::string since;
    std::optional<std::string> until;
  };
  const Command command = group.add(
      "recover",
      "Replay what died for this endpoint since an instant",
      "postrider endpoints recover ep_01... --since 2026-01-01T00:00:00Z"
  );
  auto& options = command.keep<Options>();
  command.argument("ID", options.id, "ep_...");
  command.text("since", options.since, "From this instant on (RFC 3339); required");
  command.text("until", options.until, "Up to this instant (RFC 3339)");
  add_follow_options(command, options.follow);
  add_api_options(command, options.api);
  run_with_api(command, options.api, [&options](Api& api, Io& io) -> Result<int> {
    if (options.since.empty()) return fail(Errc::kInvalidArgument, "--since is required");
    JsonObject body;
    body.add("since", options.since);
    body.add_if("until", options.until);
    const auto path = path_of("endpoints", options.id, "recover");
    return follow_task(
        api, io, options.api.json, options.follow, api.call("POST", path, body.str())
    );
  });
}

}  // namespace postrider::cli
