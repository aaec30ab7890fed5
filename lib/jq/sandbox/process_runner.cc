#include "jq/sandbox/process_runner.h"

#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>

#include <sys/eventfd.h>

#include "base/assert.h"
#include "base/system_error.h"

namespace postrider::jq {
namespace {

/// check() takes its turn among the owners.
constexpr std::int64_t kChecks = std::numeric_limits<std::int64_t>::min();

constexpr const char* kShuttingDown = "the service is shutting down";

/// A reply that no process gave.
constexpr FrameKind kNotRun = FrameKind::kUnfit;

tl::unexpected<Error> failure(Reply reply) {
  const bool not_run = reply.kind == kNotRun;
  return fail(not_run ? Errc::kUnavailable : Errc::kInvalidArgument, std::move(reply.text));
}

ProgramOutput to_output(Reply reply) {
  if (reply.kind == FrameKind::kOutput) return std::optional{std::move(reply.text)};
  if (reply.kind == FrameKind::kNothing) return std::optional<std::string>{};
  return failure(std::move(reply));
}

Status to_status(Reply reply) {
  if (reply.kind == FrameKind::kNothing) return {};
  return failure(std::move(reply));
}

/// Why it is not worth a process; empty when it is.
std::string refusal(const std::string& program) {
  if (program.size() <= limits::kProgramBytesMax) return {};
  return "it is longer than " + bytes_text(limits::kProgramBytesMax);
}

}  // namespace

Result<std::unique_ptr<ProcessRunner>> ProcessRunner::open(ProcessRunnerOptions options) {
  Fd stop{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!stop) return fail_system(Errc::kUnavailable, "cannot make an eventfd", errno);
  return std::unique_ptr<ProcessRunner>{new ProcessRunner{std::move(options), std::move(stop)}};
}

ProcessRunner::ProcessRunner(ProcessRunnerOptions options, Fd stop)
    : options_(std::move(options)), stop_(std::move(stop)) {
  POSTRIDER_ASSERT(!options_.command.empty());
  POSTRIDER_ASSERT(options_.processes > 0);
}

ProcessRunner::~ProcessRunner() {
  std::vector<std::jthread> threads;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    threads.swap(threads_);
  }
  static_cast<void>(::eventfd_write(stop_.get(), 1));  // Only a full counter fails.
  changed_.notify_all();
  threads.clear();
  std::map<std::int64_t, std::deque<Task>> lines;
  {
    const MutexLock lock(mutex_);
    lines.swap(queues_);
  }
  for (auto& [owner, line] : lines) {
    for (Task& task : line) {
      task.replies.resize(task.job.programs.size(), Reply{kNotRun, kShuttingDown});
      task.done(std::move(task.replies));
    }
  }
}

void ProcessRunner::submit(ProgramJob job, Done done) {
  Task task;
  task.job = std::move(job);
  task.done = [done = std::move(done)](std::vector<Reply> replies) {
    std::vector<ProgramOutput> outputs;
    outputs.reserve(replies.size());
    for (Reply& reply : replies) outputs.push_back(to_output(std::move(reply)));
    done(std::move(outputs));
  };
  enqueue(std::move(task));
}

Status ProcessRunner::check(const std::string& program) {
  struct Waiting {
    Mutex mutex;
    CondVar changed;
    std::optional<Reply> reply POSTRIDER_GUARDED_BY(mutex);
    std::atomic<bool> is_over = false;
  };
  // Outlives this call when its time is up first.
  const auto waiting = std::make_shared<Waiting>();
  Task task;
  task.job = {
      .owner = kChecks,
      .programs = {program},
      .input = {},
      .cancelled = {waiting, &waiting->is_over}};
  task.kind = FrameKind::kCompile;
  task.done = [waiting](std::vector<Reply> replies) {
    const MutexLock lock(waiting->mutex);
    waiting->reply = std::move(replies.front());
    waiting->changed.notify_one();
  };
  enqueue(std::move(task));
  const MutexLock lock(waiting->mutex);
  while (!waiting->reply) {
    if (waiting->changed.wait_for(waiting->mutex, options_.check_wait)) continue;
    waiting->is_over = true;
    return fail(
        Errc::kUnavailable, "jq has had no time for it within " + time_text(options_.check_wait)
    );
  }
  return to_status(std::move(*waiting->reply));
}

std::vector<pid_t> ProcessRunner::processes() const {
  std::vector<pid_t> pids;
  const MutexLock lock(mutex_);
  for (const auto& slot : slots_) {
    if (const pid_t pid = slot->pid; pid != 0) pids.push_back(pid);
  }
  return pids;
}

void ProcessRunner::enqueue(Task task) {
  {
    const MutexLock lock(mutex_);
    if (can_serve_locked()) {
      line_of_locked(task.job.owner).push_back(std::move(task));
      return changed_.notify_one();
    }
  }
  task.replies.resize(task.job.programs.size(), Reply{kNotRun, "there is no thread for it"});
  task.done(std::move(task.replies));
}

bool ProcessRunner::can_serve_locked() {
  if (stopping_) return false;
  while (threads_.size() < options_.processes) {
    WorkerSlot& slot = *slots_.emplace_back(std::make_unique<WorkerSlot>());
    try {
      threads_.emplace_back([this, &slot] { serve(slot); });
    } catch (const std::system_error&) {
      // The machine has no thread to spare; with one of them it goes on.
      slots_.pop_back();
      break;
    }
  }
  return !threads_.empty();
}

std::deque<ProcessRunner::Task>& ProcessRunner::line_of_locked(std::int64_t owner) {
  auto& line = queues_[owner];
  if (line.empty()) turns_.push_back(owner);
  return line;
}

void ProcessRunner::serve(WorkerSlot& slot) noexcept {
  while (auto task = next()) work(slot, std::move(*task));
  slot.pid = 0;
  // It has to end before the thread that started it.
  slot.process.reset();
}

std::optional<ProcessRunner::Task> ProcessRunner::next() {
  const MutexLock lock(mutex_);
  while (turns_.empty() && !stopping_) changed_.wait(mutex_);
  if (stopping_) return std::nullopt;
  const std::int64_t owner = turns_.front();
  turns_.pop_front();
  const auto line = queues_.find(owner);
  POSTRIDER_ASSERT(line != queues_.end());
  Task task = std::move(line->second.front());
  line->second.pop_front();
  if (line->second.empty()) {
    queues_.erase(line);
  } else {
    turns_.push_back(owner);
  }
  return task;
}

void ProcessRunner::put_back(Task task) {
  {
    const MutexLock lock(mutex_);
    line_of_locked(task.job.owner).push_front(std::move(task));
  }
  changed_.notify_one();
}

Status ProcessRunner::ensure_process(WorkerSlot& slot) {
  if (slot.process != nullptr && slot.process->is_idle()) return {};
  slot.pid = 0;
  slot.process.reset();
  auto started = WorkerProcess::start(options_.command, options_.limits, stop_.get());
  if (!started) return tl::unexpected(started.error());
  slot.process = std::move(*started);
  slot.pid = slot.process->pid();
  return {};
}

void ProcessRunner::work(WorkerSlot& slot, Task task) {
  const std::vector<std::string>& programs = task.job.programs;
  const auto answer_all = [&](const Reply& reply) { task.replies.resize(programs.size(), reply); };
  // Those that are too long are answered here; what is between them goes out together.
  while (task.replies.size() < programs.size()) {
    if (task.job.cancelled != nullptr && *task.job.cancelled) {
      answer_all({kNotRun, "nobody waits for it any more"});
      break;
    }
    if (std::string why = refusal(programs[task.replies.size()]); !why.empty()) {
      task.replies.push_back({FrameKind::kError, std::move(why)});
      continue;
    }
    std::size_t end = task.replies.size() + 1;
    while (end < programs.size() && refusal(programs[end]).empty()) ++end;
    if (const auto started = ensure_process(slot); !started) {
      answer_all({kNotRun, started.error().context});
      break;
    }
    const std::span<const std::string> batch =
        std::span{programs}.subspan(task.replies.size(), end - task.replies.size());
    auto failed = slot.process->ask(task.kind, batch, task.job.input, task.replies);
    if (!failed) continue;
    slot.pid = 0;
    slot.process.reset();
    if (failed->may_pass) continue;
    if (failed->blame != Failure::Blame::kProgram) {
      const bool stopped = failed->blame == Failure::Blame::kNobody;
      answer_all({stopped ? kNotRun : FrameKind::kError, std::move(failed->reason)});
      break;
    }
    task.replies.push_back({FrameKind::kError, std::move(failed->reason)});
    if (task.replies.size() < programs.size()) return put_back(std::move(task));
  }
  task.done(std::move(task.replies));
}

}  // namespace postrider::jq
