#include "tests/sim/shared_database.h"

#include <algorithm>
#include <vector>

#include "store/sqlite/sqlite_store.h"

#include "tests/support/must.h"

namespace postrider::sim {

using testing::must;

SharedDatabase::SharedDatabase(const std::string& path, const SimClock& clock, Millis lease)
    : clock_(clock),
      lease_(lease),
      store_(must(sqlite::SqliteStore::open(path))),
      reader_(must(sqlite::SqliteReaders{path}.open())) {}

void SharedDatabase::join(std::uint64_t node) {
  nodes_[node] = {clock_.mono_now() + lease_, false};
}

Result<Share> SharedDatabase::renew(std::uint64_t node, Membership membership) {
  const bool is_leaving = membership == Membership::kLeaving;
  remove_ended(node);
  const auto row = nodes_.find(node);
  if (row == nodes_.end()) return fail(Errc::kNotFound, "simulated: another node has taken over");
  row->second = {clock_.mono_now() + lease_, is_leaving};
  const auto nodes = std::count_if(nodes_.begin(), nodes_.end(), [&](const auto& other) {
    return other.first != node && !other.second.leaving;
  });
  Share share;
  const auto all = static_cast<std::size_t>(nodes) + 1;
  if (!is_leaving) share.fair = (kPartitionsCount + all - 1) / all;
  share.database_time = clock_.wall_now();
  claim(node, share.fair);
  share.owned = owned_by(node);
  return share;
}

void SharedDatabase::remove_ended(std::uint64_t but) {
  std::vector<std::uint64_t> ended;
  for (const auto& [node, row] : nodes_) {
    if (node != but && row.lease_until < clock_.mono_now()) ended.push_back(node);
  }
  for (const std::uint64_t node : ended) remove(node);
}

void SharedDatabase::claim(std::uint64_t node, std::size_t share) {
  std::size_t owned = owned_by(node).count();
  for (auto& owner : owners_) {
    if (owner != 0 || owned >= share) continue;
    owner = node;
    ++owned;
  }
}

Partitions SharedDatabase::owned_by(std::uint64_t node) const {
  Partitions owned;
  for (std::size_t i = 0; i < kPartitionsCount; ++i) owned.set(i, owners_.at(i) == node);
  return owned;
}

void SharedDatabase::give_back(std::uint64_t node, const Partitions& partitions) {
  for (std::size_t i = 0; i < kPartitionsCount; ++i) {
    if (partitions.test(i) && owners_.at(i) == node) owners_.at(i) = 0;
  }
}

void SharedDatabase::remove(std::uint64_t node) {
  if (nodes_.erase(node) == 0) return;
  give_back(node, Partitions{}.set());
  on_removed(node);
}

void SharedDatabase::raise_versions(const std::set<std::int64_t>& endpoints) {
  ++version_;
  for (const std::int64_t endpoint : endpoints) versions_[endpoint] = version_;
}

std::int64_t SharedDatabase::version_of(EndpointId endpoint) const {
  const auto version = versions_.find(endpoint.value);
  return version == versions_.end() ? 0 : version->second;
}

Result<RemoteChanges> SharedDatabase::changes_after(std::int64_t known) {
  RemoteChanges changes;
  if (known == version_) return changes;
  auto all = reader_->all_endpoints();
  if (!all) return tl::unexpected<Error>(all.error());
  std::set<std::int64_t> there;
  for (auto& endpoint : *all) {
    there.insert(endpoint.id.value);
    endpoint.version = version_of(endpoint.id);
    if (endpoint.version > known) changes.endpoints.push_back(std::move(endpoint));
  }
  for (const auto& [id, version] : versions_) {
    if (version > known && !there.contains(id)) changes.endpoints_removed.push_back({id});
  }
  return changes;
}

Status SharedSession::begin(Canary canary) {
  changed_.clear();
  if (!database_.has(node_) && canary != Canary::kFenceMissing)
    return fail(Errc::kUnavailable, "simulated: another node has taken over");
  // The store is everybody's, one after the other.
  database_.store().set_boot(boot_);
  return {};
}

Result<RemoteChanges> SharedSession::pull_remote_changes(Canary canary) {
  if (canary == Canary::kRefreshIgnored) return RemoteChanges{};
  auto changes = database_.changes_after(known_);
  if (changes) known_ = database_.version();
  return changes;
}

bool SharedSession::committed() {
  if (changed_.empty()) return false;
  database_.raise_versions(changed_);
  changed_.clear();
  return true;
}

Result<Share> SimLease::renew(Membership membership) {
  if (control_.fails) return fail(Errc::kUnavailable, "simulated: no answer");
  auto share = database_.renew(node_, membership);
  if (share) share->database_time += control_.error;
  return share;
}

Status SimLease::give_back(const Partitions& partitions) {
  if (control_.fails) return fail(Errc::kUnavailable, "simulated: no answer");
  database_.give_back(node_, partitions);
  return {};
}

}  // namespace postrider::sim
