#include "service/writer.h"

#include <algorithm>
#include <iterator>

#include "base/limits.h"
#include "base/log.h"

namespace postrider {
namespace {

/// Settlements that can wait are kept for this long, or until there are this many, even if commands
/// are written in between. So each is written with others that change the same pages.
constexpr Millis kSettleLinger{3};
constexpr std::size_t kSettlementsHeldMax = 192;
/// The pause before settlements that could not be written are retried.
constexpr Millis kUnwrittenRetry{200};
/// The pause between two probes of an unwritable store.
constexpr Millis kProbeEvery{500};
/// If a group or a probe takes longer than this to fail, queued commands fail without a try of
/// their own.
constexpr Millis kFailsAtOnce{1000};

/// Returns the first error that says that the store cannot be written, or null if there is none.
const Error* unavailable(const GroupResult& result) {
  if (result.refused) return &result.status.error();
  return result.find_error([](const Error& error) { return error.code == Errc::kUnavailable; });
}

}  // namespace

Writer::Writer(
    std::unique_ptr<Store> store,
    std::unique_ptr<StoreReader> reader,
    const Clock& clock,
    CommitListener& listener
)
    : clock_(clock),
      listener_(listener),
      store_(std::move(store)),
      reader_(std::move(reader)),
      group_(*store_) {}

Status Writer::start() {
  if (thread_.joinable()) return {};
  store_->set_boot(clock_.boot());
  if (auto loaded = group_.load(*reader_); !loaded) return loaded;
  thread_ = std::jthread([this] { run(); });
  return {};
}

void Writer::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Status Writer::execute(Change change, std::size_t events) {
  Command command{std::move(change), events, {}};
  auto result = command.done.get_future();
  if (auto queued = enqueue(std::move(command)); !queued) return queued;
  return result.get();
}

void Writer::post(Change change) {
  static_cast<void>(enqueue({std::move(change), 1, {}}).has_value());  // as documented
}

Status Writer::enqueue(Command command) {
  {
    const MutexLock lock(mutex_);
    if (stopping_) return fail(Errc::kUnavailable, "the service is shutting down");
    if (commands_.size() >= limits::kWriterQueueMax)
      return fail(Errc::kBusy, "the write queue is full");
    commands_.push_back(std::move(command));
  }
  ready_.notify_one();
  return {};
}

void Writer::settle(std::vector<Settlement> settlements, Urgency urgency) {
  bool is_news = false;
  {
    const MutexLock lock(mutex_);
    const MonoTime now = clock_.mono_now();
    is_news = settlements_.empty();
    if (is_news) settle_at_ = now + kSettleLinger;
    if (urgency == Urgency::kAwaited) settle_at_ = now;
    std::move(settlements.begin(), settlements.end(), std::back_inserter(settlements_));
    is_news = is_news || settlements_are_due();
  }
  if (is_news) ready_.notify_one();
}

void Writer::run() noexcept {
  std::vector<Command> commands;
  while (wait_for_work(commands)) {
    if (!commands.empty() || !unwritten_.empty()) run_group(std::exchange(commands, {}));
    probe_when_due();
  }
}

bool Writer::settlements_are_due() const {
  return settlements_.size() >= kSettlementsHeldMax ||
         (!settlements_.empty() && clock_.mono_now() >= settle_at_);
}

bool Writer::has_work() const { return stopping_ || !commands_.empty() || settlements_are_due(); }

bool Writer::sleep() {
  if (!settlements_.empty()) {
    const auto left = std::chrono::ceil<Millis>(settle_at_ - clock_.mono_now());
    static_cast<void>(ready_.wait_for(mutex_, std::max(left, Millis{0})));
    return true;
  }
  if (!writable_) return ready_.wait_for(mutex_, kUnwrittenRetry);
  ready_.wait(mutex_);
  return true;
}

bool Writer::wait_for_work(std::vector<Command>& commands) {
  const MutexLock lock(mutex_);
  while (!has_work() && sleep()) {
  }
  commands = take_commands();
  const bool has_new = !commands.empty() || !settlements_.empty();
  if (stopping_ || settlements_are_due()) {
    std::move(settlements_.begin(), settlements_.end(), std::back_inserter(unwritten_));
    settlements_.clear();
  }
  return has_new || !stopping_;
}

std::vector<Writer::Command> Writer::take_commands() {
  std::vector<Command> taken;
  std::size_t events = 0;
  while (!commands_.empty()) {
    events += commands_.front().events;
    if (!taken.empty() && events > limits::kGroupEventsMax) break;
    taken.push_back(std::move(commands_.front()));
    commands_.pop_front();
  }
  return taken;
}

void Writer::run_group(std::vector<Command> commands) {
  std::vector<Change> changes;
  changes.reserve(commands.size());
  for (auto& command : commands) changes.push_back(std::move(command.change));
  const auto rows = static_cast<std::int64_t>(changes.size() + unwritten_.size());
  const bool had_settlements = !unwritten_.empty();
  const MonoTime begun = clock_.mono_now();
  Effects effects;
  GroupResult result = group_.run(unwritten_, changes, clock_.wall_now(), effects);
  const std::chrono::duration<double> took = clock_.mono_now() - begun;
  note(result, had_settlements && unwritten_.empty());
  listener_.committed(std::move(effects), took.count(), rows);
  for (std::size_t i = 0; i < commands.size(); ++i) {
    commands[i].done.set_value(std::move(result.changes[i]));
  }
  if (result.refused || failed_slowly(result.status, begun)) refuse_queued(result.status);
}

bool Writer::failed_slowly(const Status& status, MonoTime begun) const {
  return !status && status.error().code == Errc::kUnavailable &&
         clock_.mono_now() - begun > kFailsAtOnce;
}

void Writer::refuse_queued(const Status& why) {
  std::deque<Command> waiting;
  {
    const MutexLock lock(mutex_);
    waiting.swap(commands_);
  }
  for (auto& command : waiting) command.done.set_value(why);
}

void Writer::probe_when_due() {
  const MonoTime now = clock_.mono_now();
  if (!probe_at_ || now < *probe_at_) return;
  const Status probed = group_.probe(clock_.wall_now());
  if (failed_slowly(probed, now)) refuse_queued(probed);
  probe_at_ = probed ? std::nullopt : std::optional{now + kProbeEvery};
  tell_if_changed({});
}

void Writer::note(const GroupResult& result, bool settled) {
  const Error* const error = unavailable(result);
  if (error != nullptr) {
    // A scheduled probe keeps its time, so that failing commands cannot postpone it forever.
    if (!probe_at_) probe_at_ = clock_.mono_now() + kProbeEvery;
  } else if (settled && probe_at_) {
    // Settlements may find room on a disk where events do not, so probe at once.
    probe_at_ = clock_.mono_now();
  }
  if (error == nullptr && !result.status) return tell_if_changed(result.status.error().context);
  tell_if_changed(error == nullptr ? std::string_view{} : error->context);
}

void Writer::tell_if_changed(std::string_view reason) {
  const bool writable = unwritten_.empty() && !probe_at_;
  if (writable == writable_) return;
  writable_ = writable;
  if (writable) {
    log::info("the database can be written again");
  } else {
    log::warning("the database cannot be written", {{"reason", std::string{reason}}});
  }
  listener_.writable(writable);
}

}  // namespace postrider
