#include "http/connection_table.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/assert.h"

namespace postrider::http {

Connection::Connection(
    std::uint64_t number, Accepted accepted, const Clock& clock, StreamLimits limits
)
    : id(number),
      fd(std::move(accepted.fd)),
      stream(fd.get(), std::move(accepted.remote_address), clock, limits) {}

ConnectionTable::ConnectionTable(const ServerOptions& options, const Clock& clock)
    : options_(options), clock_(clock), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

void ConnectionTable::rearm_locked(Connection& connection, bool add) {
  connection.state = Connection::State::kIdle;
  connection.since = clock_.mono_now();
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT;
  event.data.u64 = connection.id;
  const int operation = add ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  // Out of kernel memory: the sweep closes the connection when it has idled.
  static_cast<void>(::epoll_ctl(epoll_.get(), operation, connection.fd.get(), &event));
}

void ConnectionTable::release_locked(Connection& connection) {
  if (connection.counted) {
    --ordinary_busy_;
  } else if (connection.reserved) {
    --reserved_busy_;
  }
  connection.counted = false;
  connection.reserved = false;
  work_.notify_one();
}

std::unique_ptr<Connection> ConnectionTable::extract_locked(std::uint64_t id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return nullptr;
  auto connection = std::move(found->second);
  connections_.erase(found);
  if (connections_.empty()) empty_.notify_all();
  return connection;
}

bool ConnectionTable::add(Accepted& accepted, StreamLimits limits) {
  const MutexLock lock(mutex_);
  if (stopping_ || connections_.size() >= options_.connections_max) return false;
  const std::uint64_t id = ++last_id_;
  auto connection = std::make_unique<Connection>(id, std::move(accepted), clock_, limits);
  rearm_locked(*connection, true);
  connections_.emplace(id, std::move(connection));
  return true;
}

std::string ConnectionTable::peek_idle(std::uint64_t id) {
  constexpr std::size_t kPeekBytes = 128;
  const MutexLock lock(mutex_);
  const auto found = connections_.find(id);
  if (found == connections_.end()) return {};
  return peek(found->second->fd.get(), kPeekBytes);
}

std::unique_ptr<Connection> ConnectionTable::enqueue(std::uint64_t id, bool reserved) {
  const MutexLock lock(mutex_);
  const auto found = connections_.find(id);
  if (found == connections_.end()) return nullptr;
  auto& queue = reserved ? reserved_ : queued_;
  if (queue.size() >= options_.queued_max) return extract_locked(id);
  Connection& connection = *found->second;
  connection.state = Connection::State::kQueued;
  connection.since = clock_.mono_now();
  connection.reserved = reserved;
  queue.push_back(&connection);
  work_.notify_one();
  return nullptr;
}

void ConnectionTable::close_idle(std::uint64_t id) {
  const MutexLock lock(mutex_);
  static_cast<void>(extract_locked(id));
}

std::vector<std::unique_ptr<Connection>> ConnectionTable::sweep() {
  const MonoTime now = clock_.mono_now();
  std::vector<std::unique_ptr<Connection>> overdue;
  const MutexLock lock(mutex_);
  std::vector<std::uint64_t> idle;
  for (const auto& [id, connection] : connections_) {
    const bool is_idle = connection->state == Connection::State::kIdle;
    if (is_idle && now - connection->since > options_.keep_alive) idle.push_back(id);
  }
  for (const std::uint64_t id : idle) static_cast<void>(extract_locked(id));
  for (auto* queue : {&queued_, &reserved_}) {
    while (!queue->empty() && now - queue->front()->since > options_.queue_wait_max) {
      overdue.push_back(extract_locked(queue->front()->id));
      queue->pop_front();
    }
  }
  return overdue;
}

Connection* ConnectionTable::take() {
  const MutexLock lock(mutex_);
  for (;;) {
    Connection* taken = nullptr;
    if (!reserved_.empty() && reserved_busy_ < options_.reserve_threads) {
      taken = reserved_.front();
      reserved_.pop_front();
      ++reserved_busy_;
    } else if (!queued_.empty() && ordinary_busy_ < options_.threads) {
      taken = queued_.front();
      queued_.pop_front();
      taken->counted = true;
      ++ordinary_busy_;
    }
    if (taken != nullptr) {
      taken->state = Connection::State::kBusy;
      return taken;
    }
    if (stopping_ && connections_.empty()) return nullptr;
    work_.wait(mutex_);
  }
}

bool ConnectionTable::others_wait() const {
  const MutexLock lock(mutex_);
  return !queued_.empty();
}

void ConnectionTable::set_idle(Connection& connection) {
  const MutexLock lock(mutex_);
  release_locked(connection);
  if (stopping_) {
    static_cast<void>(extract_locked(connection.id));
    return;
  }
  rearm_locked(connection, false);
}

void ConnectionTable::requeue(Connection& connection) {
  const MutexLock lock(mutex_);
  release_locked(connection);
  connection.state = Connection::State::kQueued;
  connection.since = clock_.mono_now();
  queued_.push_back(&connection);
}

void ConnectionTable::close(Connection& connection) {
  const MutexLock lock(mutex_);
  release_locked(connection);
  static_cast<void>(extract_locked(connection.id));
}

bool ConnectionTable::begin_stream(Connection& connection) {
  const MutexLock lock(mutex_);
  if (stopping_ || streams_ >= options_.streams_max) return false;
  ++streams_;
  release_locked(connection);
  return true;
}

void ConnectionTable::end_stream() {
  const MutexLock lock(mutex_);
  POSTRIDER_ASSERT(streams_ > 0);
  --streams_;
}

void ConnectionTable::defer(Connection& connection, std::unique_ptr<DeferredRequest> deferred) {
  const MutexLock lock(mutex_);
  release_locked(connection);
  connection.state = Connection::State::kWaiting;
  connection.since = clock_.mono_now();
  connection.deferred = std::move(deferred);
}

void ConnectionTable::resume(std::uint64_t id, DeferredResponse answer) {
  const MutexLock lock(mutex_);
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = *found->second;
  if (connection.state != Connection::State::kWaiting) return;
  connection.deferred->answer = std::move(answer);
  connection.state = Connection::State::kQueued;
  connection.since = clock_.mono_now();
  queued_.push_back(&connection);
  work_.notify_one();
}

void ConnectionTable::stop() {
  const MutexLock lock(mutex_);
  stopping_ = true;
  std::vector<std::uint64_t> idle;
  for (const auto& [id, connection] : connections_) {
    if (connection->state == Connection::State::kIdle) {
      idle.push_back(id);
    } else {
      // What has arrived can still be read; a request that has not is not waited for.
      static_cast<void>(::shutdown(connection->fd.get(), SHUT_RD));
    }
  }
  for (const std::uint64_t id : idle) static_cast<void>(extract_locked(id));
  work_.notify_all();
}

bool ConnectionTable::wait_empty(Millis timeout) {
  const MutexLock lock(mutex_);
  const MonoTime deadline = clock_.mono_now() + timeout;
  while (!connections_.empty()) {
    const auto left = std::chrono::duration_cast<Millis>(deadline - clock_.mono_now());
    if (left.count() <= 0) return false;
    empty_.wait_for(mutex_, left);
  }
  work_.notify_all();
  return true;
}

void ConnectionTable::cut() {
  const MutexLock lock(mutex_);
  std::vector<std::uint64_t> waiting;
  for (const auto& [id, connection] : connections_) {
    static_cast<void>(::shutdown(connection->fd.get(), SHUT_RDWR));
    if (connection->state == Connection::State::kWaiting) waiting.push_back(id);
  }
  for (const std::uint64_t id : waiting) static_cast<void>(extract_locked(id));
}

bool ConnectionTable::stopping() const {
  const MutexLock lock(mutex_);
  return stopping_;
}

}  // namespace postrider::http
