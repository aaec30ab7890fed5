#include "bench/commits.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "bench/database_files.h"
#include "store/sqlite/sqlite_store.h"

namespace postrider::bench {
namespace {

/// Runs `work` in its own transaction.
Status commit(Store& store, const auto& work) {
  if (auto begun = store.begin(); !begun) return begun;
  if (Status done = work(); !done) {
    store.rollback();
    return done;
  }
  return store.commit();
}

Result<EndpointId> add_endpoint(Store& store, const Clock& clock) {
  Endpoint endpoint;
  endpoint.config.url = "http://127.0.0.1:1/";
  endpoint.secrets.push_back({"whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz", clock.wall_now(), {}});
  Result<EndpointId> id;
  auto added = commit(store, [&]() -> Status {
    id = store.add_endpoint(endpoint, clock.wall_now());
    return id ? Status{} : tl::unexpected(id.error());
  });
  if (!added) return tl::unexpected(std::move(added).error());
  return id;
}

/// Adds `events` in one commit and settles them in another.
Status append_and_settle(
    Store& store, const std::vector<NewEvent>& events, EndpointId endpoint, const Clock& clock
) {
  std::vector<Settlement> settlements;
  auto appended = commit(store, [&]() -> Status {
    auto made = store.append(events, clock.wall_now());
    if (!made) return tl::unexpected(std::move(made).error());
    for (const Appended& event : *made) {
      Settlement settlement;
      settlement.delivery = event.deliveries.front().id;
      settlement.endpoint = endpoint;
      settlement.attempt.started_at = event.created_at;
      settlement.attempt.status = 200;
      settlements.push_back(std::move(settlement));
    }
    return {};
  });
  if (!appended) return appended;
  return commit(store, [&]() -> Status {
    auto settled = store.settle(settlements, clock.wall_now());
    return settled ? Status{} : tl::unexpected(std::move(settled).error());
  });
}

}  // namespace

Result<double> measure_commits(
    std::size_t rows, std::size_t events, const std::string& directory, const Clock& clock
) {
  const std::string path = directory + "/postrider-bench.commits.db";
  remove_database(path);
  auto store = sqlite::SqliteStore::open(path);
  if (!store) return tl::unexpected(std::move(store).error());
  const auto endpoint = add_endpoint(**store, clock);
  if (!endpoint) return tl::unexpected(endpoint.error());
  NewEvent event;
  event.draft.type = "bench.0";
  event.draft.data = '"' + std::string(498, 'x') + '"';
  event.targets = {{*endpoint}};
  const std::vector<NewEvent> group(rows, event);
  const std::size_t groups = std::max<std::size_t>(events / rows, 1);
  const MonoTime begin = clock.mono_now();
  for (std::size_t i = 0; i < groups; ++i) {
    if (auto done = append_and_settle(**store, group, *endpoint, clock); !done)
      return tl::unexpected(std::move(done).error());
  }
  const std::chrono::duration<double> took = clock.mono_now() - begin;
  store->reset();
  remove_database(path);
  return static_cast<double>(groups * rows) / took.count();
}

}  // namespace postrider::bench
