#include "store/postgres/pg_channel.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/system_error.h"
#include "store/postgres/pg_connection.h"
#include "store/postgres/sql_messages.h"

namespace postrider::postgres {
namespace {

/// The pause between two attempts to connect.
constexpr Millis kPause{500};

}  // namespace

Result<std::unique_ptr<PgChannel>> PgChannel::open(
    const std::string& url, const Clock& clock, ChannelPatience patience
) {
  Fd wakes{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!wakes) return fail_system(Errc::kUnavailable, "cannot make an eventfd", errno);
  auto db = Connection::open(url, Role::kWriter);
  if (!db) return tl::unexpected<Error>(db.error());
  std::unique_ptr<PgChannel> channel{
      new PgChannel(std::move(*db), std::move(wakes), clock, patience)};
  if (auto listening = channel->listen(); !listening)
    return tl::unexpected<Error>(listening.error());
  return channel;
}

PgChannel::PgChannel(
    std::unique_ptr<Connection> db, Fd wakes, const Clock& clock, ChannelPatience patience
)
    : db_(std::move(db)), wakes_(std::move(wakes)), clock_(clock), patience_(patience) {
  db_->allow_silence(patience_.silent);
}

PgChannel::~PgChannel() = default;

// Calls Connection::ensure_open() only without a session: it would mistake unread messages for the
// end of the session.
Status PgChannel::listen() {
  if (db_->is_open() && listens_in_ == db_->session()) return {};
  if (!db_->is_open()) {
    if (auto connected = db_->ensure_open(); !connected) return connected;
  }
  if (auto listening = db_->run(sql::kListen); !listening) return listening;
  listens_in_ = db_->session();
  heard_at_ = clock_.mono_now();
  return {};
}

Status PgChannel::noted(Status status) {
  if (!status && !db_->is_open()) missed_ = status.error();
  return status;
}

Status PgChannel::send(const std::string& message) {
  if (message.size() > kNodeMessageBytesMax || message.find('\0') != std::string::npos)
    return fail(Errc::kInvalidArgument, "a message to nodes is too long or has a NUL in it");
  if (auto listening = listen(); !listening) return listening;
  return noted(db_->run(sql::kNotify, message));
}

// A lost session is reported after the next one listens, so a full resync then misses nothing.
Result<std::vector<std::string>> PgChannel::wait(Millis timeout) {
  const MonoTime until = clock_.mono_now() + timeout;
  while (true) {
    if (auto listening = listen(); !listening) {
      pause(std::min(timeout, kPause));
      return tl::unexpected<Error>(listening.error());
    }
    if (const auto missed = std::exchange(missed_, std::nullopt))
      return tl::unexpected<Error>(*missed);
    auto messages = hear(until);
    if (!messages && db_->is_open()) return messages;
    if (!messages) continue;
    const bool woken = take_wakes();
    if (woken || !messages->empty() || clock_.mono_now() >= until) return messages;
  }
}

Result<std::vector<std::string>> PgChannel::hear(MonoTime until) {
  if (auto pinged = ping_when_due(); !pinged) return tl::unexpected<Error>(pinged.error());
  const MonoTime look_at = std::min(until, heard_at_ + patience_.quiet);
  const auto longest = std::chrono::ceil<Millis>(look_at - clock_.mono_now());
  const auto heard = db_->notifications(wakes_.get(), std::max(longest, Millis{0}));
  if (!heard) {
    const Status lost = noted(tl::unexpected<Error>(heard.error()));
    return tl::unexpected<Error>(lost.error());
  }
  if (!heard->empty()) heard_at_ = clock_.mono_now();
  std::vector<std::string> messages;
  for (const auto& [process, message] : *heard) {
    if (process != db_->process()) messages.push_back(message);
  }
  return messages;
}

Status PgChannel::ping_when_due() {
  if (clock_.mono_now() < heard_at_ + patience_.quiet) return {};
  if (auto alive = noted(db_->run(sql::kPing)); !alive) return alive;
  heard_at_ = clock_.mono_now();
  return {};
}

void PgChannel::pause(Millis longest) const {
  pollfd woken{wakes_.get(), POLLIN, 0};
  static_cast<void>(::poll(&woken, 1, static_cast<int>(longest.count())));  // for any reason
  static_cast<void>(take_wakes());
}

bool PgChannel::take_wakes() const {
  std::uint64_t count = 0;
  return ::read(wakes_.get(), &count, sizeof count) == static_cast<ssize_t>(sizeof count);
}

void PgChannel::wake() {
  const std::uint64_t one = 1;
  // This fails only if the counter is full, and then a wake is already pending.
  static_cast<void>(::write(wakes_.get(), &one, sizeof one) > 0);
}

}  // namespace postrider::postgres
