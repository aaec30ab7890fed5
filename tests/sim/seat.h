// A node's place among those that share its database.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "service/holdings.h"
#include "service/node_share.h"

#include "tests/sim/shared_database.h"

namespace postrider::sim {

/// Session, lease and notifications of a node. Owned by the node.
class Seat {
 public:
  struct Parts {
    SharedDatabase& database;
    AdjustedClock& clock;
    const SimLease::Control& lease;
    Canary canary = Canary::kNone;
  };
  /// The notifications of another node's commit.
  using Message = std::pair<std::uint64_t, std::vector<std::string>>;

  Seat(const Parts& parts, std::uint64_t node)
      : session(parts.database, node, parts.clock),
        share(std::make_unique<SimLease>(parts.database, node, parts.lease), parts.clock),
        canary_(parts.canary),
        look_at_(parts.clock.mono_now() + kLookEvery) {}

  [[nodiscard]] bool may_send(MonoTime mono) const {
    return mono < send_until || (canary_ == Canary::kLeaseOverrun && send_until != MonoTime{});
  }
  void give_back(const Partitions& idle) { share.give_back(idle); }

  /// Delivers `message` at `at`, after all earlier messages.
  void deliver(MonoTime at, Message message) { mail_.emplace_back(at, std::move(message)); }
  [[nodiscard]] std::vector<Message> take_mail(MonoTime mono) {
    std::vector<Message> taken;
    while (!mail_.empty() && mail_.front().first <= mono) {
      taken.push_back(std::move(mail_.front().second));
      mail_.pop_front();
    }
    return taken;
  }
  [[nodiscard]] bool has_mail() const { return !mail_.empty(); }
  /// The last commit whose notifications have all arrived.
  [[nodiscard]] std::uint64_t heard_before() const {
    if (mail_.empty()) return std::numeric_limits<std::uint64_t>::max();
    return mail_.front().second.first - 1;
  }
  /// Whether a full resync is due, as in Messenger.
  [[nodiscard]] bool looks(MonoTime mono) {
    if (mono < look_at_ || canary_ == Canary::kMessagesLost) return false;
    look_at_ = mono + kLookEvery;
    return true;
  }

  SharedSession session;
  NodeShare share;
  Holdings holdings;
  Membership membership = Membership::kWorking;
  MonoTime send_until;  ///< nothing is sent before the first renewal
  MonoTime renew_at;
  bool lost = false;  ///< another node has removed it

 private:
  static constexpr Millis kLookEvery{10'000};

  const Canary canary_;
  MonoTime look_at_;
  std::deque<std::pair<MonoTime, Message>> mail_;
};

}  // namespace postrider::sim
