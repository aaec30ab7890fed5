// Several nodes over one database: how they start, fail and stop.
#include <algorithm>
#include <utility>

#include "store/node_channel.h"

#include "tests/sim/world.h"

namespace postrider::sim {
namespace {

constexpr std::size_t kAll = 1'000'000;
/// The most by which a machine's clock is wrong before its node follows the database's, and after.
constexpr Millis kWallWrong{10'000};
constexpr Millis kWallError{3};
constexpr Millis kMonoApart = std::chrono::hours{5};

Millis draw_around(Prng& prng, Millis most) { return draw_millis(prng, 2 * most) - most; }

}  // namespace

World::Member* World::find_member(std::uint64_t generation) {
  const auto found = std::find_if(members_.begin(), members_.end(), [&](const auto& member) {
    return member->generation() == generation;
  });
  return found == members_.end() ? nullptr : found->get();
}

World::Member& World::leader() {
  Member* const leading = is_shared() ? find_member(shared_->leader()) : nullptr;
  return leading == nullptr ? any_member() : *leading;
}

void World::join() {
  MachineClock::Machine machine;
  // The node runs on the machine of other nodes, or on a new one.
  machine.boot = happens(0.5) ? 1 : ++machines_;
  machine.mono_ahead = kMonoApart * (machine.boot - 1);
  machine.wall_ahead = draw_around(prng_, kWallWrong);
  shared_->join(generation_ + 1);
  start("joins", machine).lease.error = draw_around(prng_, kWallError);
}

void World::end_member(std::uint64_t generation, const char* why) {
  trace_.note(fmt::format("node {}: {}", generation, why));
  ++checker_->counts.crashes;
  network_->forget(generation);
  checker_->on_gone(generation);
  std::erase_if(members_, [&](const auto& member) { return member->generation() == generation; });
  if (members_.empty()) join();
}

void World::step_nodes() {
  if (!ending_) strike_nodes();
  const auto missing = plan_.nodes - static_cast<int>(members_.size());
  if (missing > 0 && !ending_ && happens(plan_.join)) join();
  std::vector<std::uint64_t> generations;
  for (const auto& member : members_) generations.push_back(member->generation());
  for (const std::uint64_t generation : generations) {
    Member* const member = find_member(generation);
    if (member == nullptr || member->frozen) continue;
    if (take_turns(*member)) end_if_left(*member);
  }
}

bool World::take_turns(Member& member) {
  const bool crashes = !ending_ && happens(plan_.crash / 4);
  if ((ending_ || happens(plan_.write_turn)) && !write_turn(member, !crashes)) return false;
  if (!ending_ && !happens(plan_.engine_turn)) return true;
  const bool late = !ending_ && happens(plan_.news_delay);
  engine_turn(member, late ? prng_.below(3) : kAll);
  return true;
}

// --- Faults --------------------------------------------------------------------------------------

void World::strike_nodes() {
  if (happens(plan_.crash)) end_member(any_member().generation(), "crashed");
  for (const auto& member : members_) inject_fault(*member);
  std::vector<std::uint64_t> waking;
  for (const auto& member : members_) {
    if (member->frozen && member->frozen_until <= clock_.mono_now())
      waking.push_back(member->generation());
  }
  for (const std::uint64_t generation : waking) wake(*find_member(generation));
}

void World::inject_fault(Member& member) {
  const MonoTime now = clock_.mono_now();
  const auto begins = [&](double p, MonoTime& until, const char* what) {
    if (!happens(p) || until > now) return;
    until = now + draw_millis(prng_, 3 * plan_.lease);
    trace_.note(fmt::format("node {}: {}", member.generation(), what));
  };
  begins(plan_.cut_off, member.cut_off_until, "cannot renew its lease");
  begins(plan_.away, member.away_until, "has no database");
  if (!member.frozen) begins(plan_.freeze, member.frozen_until, "frozen");
  member.frozen = member.frozen || member.frozen_until > now;
  member.control.away = member.away_until > now;
  member.lease.fails = member.control.away || member.cut_off_until > now;
  if (member.drain_steps == 0 && members_.size() > 1 && happens(plan_.drain)) {
    trace_.note(fmt::format("node {}: leaves", member.generation()));
    member.drain_steps = 60;
    member.node->begin_leaving();
  }
}

/// The node resumes where it stopped, before it checks its lease again.
void World::wake(Member& member) {
  trace_.note(fmt::format("node {}: wakes up", member.generation()));
  member.frozen = false;
  if (happens(0.5)) engine_turn(member, kAll);
  write_turn(member);
}

void World::end_faults(Member& member) {
  member.control.faults = false;
  member.control.away = false;
  member.lease.fails = false;
  member.frozen = false;
}

void World::end_if_left(Member& member) {
  if (member.drain_steps == 0) return;
  const bool is_over = --member.drain_steps == 0;
  if (!is_over && !member.node->is_idle()) return;
  const std::uint64_t generation = member.generation();
  member.node->seat()->share.leave();
  end_member(generation, "has left");
}

// --- What nodes do besides their turns -----------------------------------------------------------

void World::renew_leases() {
  std::vector<std::uint64_t> lost;
  for (const auto& member : members_) {
    Seat& seat = *member->node->seat();
    const MonoTime now = member->clock.mono_now();
    if (member->frozen || now < seat.renew_at) continue;
    seat.renew_at = now + seat.share.pause();
    // An error is for the next time.
    static_cast<void>(seat.share.renew(seat.membership).has_value());
    if (seat.lost) lost.push_back(member->generation());
  }
  for (const std::uint64_t generation : lost) end_member(generation, "has lost its lease");
}

void World::pass_mail(const Member& from, const Written& written, bool tell) {
  if (!written.committed) return;
  Seat::Message message{written.seq, {}};
  // The first goes out with the commit itself.
  if (written.refresh) message.second.emplace_back(kRefreshMessage);
  if (tell)
    message.second.insert(
        message.second.end(), written.notifications.begin(), written.notifications.end()
    );
  for (const auto& to : members_) {
    if (to->generation() == from.generation()) continue;
    const bool lost =
        options_.canary == Canary::kMessagesLost || (!ending_ && happens(plan_.mail_lost));
    if (lost || !tell) checker_->on_message_lost(to->generation());
    if (lost || message.second.empty()) continue;
    const Millis delay = draw_millis(prng_, plan_.mail_delay);
    to->messages_arrive_at = std::max(to->messages_arrive_at, clock_.mono_now() + delay);
    const auto until = to->messages_arrive_at - clock_.mono_now();
    to->node->seat()->deliver(to->clock.mono_now() + until, message);
  }
}

}  // namespace postrider::sim
