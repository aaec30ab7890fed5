#include "app/postrider/node.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "api/api.h"
#include "app/postrider/database_address.h"
#include "app/postrider/stop_signals.h"
#include "base/log.h"
#include "http/server.h"
#include "jq/sandbox/process_runner.h"
#include "service/keyring.h"
#include "service/lease_keeper.h"
#include "service/service.h"
#include "store/postgres/pg_channel.h"
#include "store/postgres/pg_lease.h"
#include "store/postgres/pg_store.h"
#include "store/postgres/poll_watch.h"
#include "store/sqlite/database_file.h"
#include "store/sqlite/database_lock.h"
#include "store/sqlite/sqlite_store.h"
#include "store/sqlite/wal_watch.h"
#include "transport/curl/address_guard.h"
#include "transport/curl/curl_transport.h"
#include "transport/curl/url.h"

namespace postrider::cli {
namespace {

constexpr std::string_view kUserAgent = "Postrider/" POSTRIDER_VERSION;
/// The maximum and the minimum part of the drain time for clients to read their responses. The
/// minimum applies even if the drain time is shorter, because a client that cannot read a response
/// repeats its request.
constexpr Millis kClientsDrainMax{5000};
constexpr Millis kClientsDrainMin{500};

EngineOptions engine_options(const ServeOptions& options) {
  EngineOptions engine;
  engine.in_flight_max = options.max_in_flight;
  engine.ready_bytes_max = limits::kReadyBytesMax;
  engine.retry_default = default_retry_policy();
  if (!options.retry_delays.empty()) engine.retry_default.delays = options.retry_delays;
  engine.request = {std::string(kUserAgent), options.timeout};
  engine.others_append = is_postgres_url(options.db);
  return engine;
}

ServiceOptions service_options(const ServeOptions& options) {
  ServiceOptions service;
  service.engine = engine_options(options);
  service.maintenance.retention = options.retention;
  service.maintenance.retry_default = service.engine.retry_default;
  service.maintenance.hold_disabled = std::chrono::hours{24 * options.hold_disabled_days};
  service.event_bytes_max = options.max_event_bytes;
  service.root_key = options.root_key.value_or("");
  service.version = POSTRIDER_VERSION;
  service.drain_timeout = options.drain;
  return service;
}

/// The objects of a database that outlive the service.
struct Held {
  std::optional<sqlite::DatabaseLock> lock;  ///< excludes other processes
  std::unique_ptr<AdjustedClock> clock;      ///< the database's clock, if nodes share the database
};

struct Database {
  Held held;
  ServiceParts parts;
};

Result<Database> open_sqlite(const std::string& path) {
  auto lock = sqlite::DatabaseLock::take(path);
  if (!lock) return tl::unexpected(std::move(lock).error());
  auto store = sqlite::SqliteStore::open(path);
  if (!store) return tl::unexpected(std::move(store).error());
  if (sqlite::is_readable_by_others(path)) {
    log::warning(
        "every user of this machine can open the database, which holds signing secrets: run chmod "
        "o-rwx on it and on its -wal and -shm files",
        {{"database", path}}
    );
  }
  auto watch = sqlite::WalWatch::open(path);
  if (!watch) return tl::unexpected(std::move(watch).error());
  auto checkpointer = sqlite::SqliteCheckpointer::open(path);
  if (!checkpointer) return tl::unexpected(std::move(checkpointer).error());
  Database database;
  database.parts.store = std::move(*store);
  database.parts.readers = std::make_unique<sqlite::SqliteReaders>(path);
  database.parts.outbox_watch = std::move(*watch);
  database.parts.checkpointer = std::move(*checkpointer);
  database.held.lock.emplace(std::move(*lock));
  return database;
}

Result<Database> open_postgres(const ServeOptions& options, const Clock& clock) {
  auto lease = postgres::PgLease::join(options.db, options.lease);
  if (!lease) return tl::unexpected(std::move(lease).error());
  const std::int64_t node = (*lease)->node();
  Database database;
  database.held.clock = std::make_unique<AdjustedClock>(clock);
  // If a later step fails, this ends the membership.
  database.parts.lease = std::make_unique<LeaseKeeper>(std::move(*lease), *database.held.clock);
  auto store = postgres::PgStore::open(options.db, node);
  if (!store) return tl::unexpected(std::move(store).error());
  auto channel = postgres::PgChannel::open(options.db, clock);
  if (!channel) return tl::unexpected(std::move(channel).error());
  database.parts.store = std::move(*store);
  database.parts.readers = std::make_unique<postgres::PgReaders>(options.db);
  database.parts.outbox_watch = std::make_unique<postgres::PollWatch>(limits::kOutboxPoll);
  database.parts.messenger = std::make_unique<Messenger>(std::move(*channel), clock);
  database.parts.lost = [] { StopSignals::interrupt(); };
  return database;
}

Result<Database> open_database(const ServeOptions& options, const Clock& clock) {
  auto guard = curl::AddressGuard::parse(options.allow_nets);
  if (!guard) return tl::unexpected(std::move(guard).error());
  auto database =
      is_postgres_url(options.db) ? open_postgres(options, clock) : open_sqlite(options.db);
  if (!database) return database;
  curl::CurlTransport::Options transport{.guard = std::move(*guard)};
  transport.connections_max = options.max_in_flight;
  auto sender = std::make_unique<curl::CurlTransport>(clock, std::move(transport));
  if (auto ready = sender->ready(); !ready) return tl::unexpected(std::move(ready).error());
  database->parts.transport = std::move(sender);
  auto programs = jq::ProcessRunner::open({});
  if (!programs) return tl::unexpected(std::move(programs).error());
  database->parts.programs = std::move(*programs);
  return database;
}

http::ServerOptions server_options(const ServeOptions& options) {
  http::ServerOptions server;
  server.host = options.host;
  server.port = options.port;
  server.threads = options.api_threads;
  server.reserved_paths = {"/healthz", "/readyz", "/metrics"};
  server.streams_max = limits::kStreamsMax;
  server.stop_grace = std::clamp<Millis>(options.drain, kClientsDrainMin, kClientsDrainMax);
  // The bound for a single event: its data and its other members.
  server.body_bytes_max = options.max_event_bytes + limits::kEventEnvelopeBytesMax;
  return server;
}

/// Adds the database's name to SQLite's error about a damaged page that is found during the start.
tl::unexpected<Error> with_database(Error error, const ServeOptions& options) {
  if (is_postgres_url(options.db)) return tl::unexpected(std::move(error));
  const bool named = error.context.find(options.db) != std::string::npos;
  if (error.code == Errc::kCorrupt && !named) {
    error.context = options.db + " is damaged: " + error.context;
  }
  return tl::unexpected(std::move(error));
}

class ServingNode final : public Node {
 public:
  ServingNode(
      Held held, std::unique_ptr<Service> service, const ServeOptions& options, const Clock& clock
  )
      : held_(std::move(held)),
        service_(std::move(service)),
        api_(*service_, api_options(*service_)),
        server_(server_options(options), clock) {
    api_.add_routes(server_);
  }
  ~ServingNode() override { static_cast<void>(stop()); }
  ServingNode(const ServingNode&) = delete;
  ServingNode& operator=(const ServingNode&) = delete;

  [[nodiscard]] Status start() {
    if (auto started = service_->start(); !started) return started;
    return server_.start();
  }

  [[nodiscard]] std::string url() const override { return server_.url(); }

  [[nodiscard]] Result<std::optional<FirstKey>> make_first_key() override {
    if (!service_->options().root_key.empty()) return std::nullopt;
    auto reader = service_->open_reader();
    if (!reader) return tl::unexpected(std::move(reader).error());
    const auto keys = (*reader)->all_api_keys();
    if (!keys) return tl::unexpected(keys.error());
    if (!keys->empty()) return std::nullopt;
    std::string text = generate_api_key();
    ApiKey key;
    key.name = "first key";
    key.sha256 = hash_api_key(text);
    const auto added = service_->add_api_key(std::move(key));
    if (!added) return tl::unexpected(added.error());
    return FirstKey{.id = added->id, .text = std::move(text)};
  }

  [[nodiscard]] Result<bool> has_known_admin() override {
    if (!service_->options().root_key.empty()) return true;
    auto reader = service_->open_reader();
    if (!reader) return tl::unexpected(std::move(reader).error());
    const auto keys = (*reader)->all_api_keys();
    if (!keys) return tl::unexpected(keys.error());
    const WallTime now = service_->clock().wall_now();
    return std::any_of(keys->begin(), keys->end(), [now](const ApiKey& key) {
      return key.scope == KeyScope::kAdmin && key.last_used_at && key.is_valid_at(now);
    });
  }

  [[nodiscard]] Status remove_key(KeyId id) override { return service_->remove_api_key(id); }

  std::size_t stop() override {
    // The drain time covers both calls. begin_stop() ends the feed of the live streams; otherwise
    // stopping the server would wait for them.
    service_->begin_stop();
    server_.stop();
    return service_->stop();
  }

 private:
  static api::ApiOptions api_options(const Service& service) {
    api::ApiOptions options;
    options.check_url = curl::check_url;
    options.endpoint_defaults.retry = service.options().engine.retry_default;
    options.endpoint_defaults.timeout = service.options().engine.request.timeout_default;
    return options;
  }

  // The members are destroyed in the reverse order of their construction.
  const Held held_;
  const std::unique_ptr<Service> service_;
  api::Api api_;
  http::Server server_;
};

}  // namespace

Result<std::unique_ptr<Node>> Node::start(const ServeOptions& options, const Clock& clock) {
  auto database = open_database(options, clock);
  if (!database) return with_database(std::move(database).error(), options);
  Held held = std::move(database->held);
  const Clock& service_clock = held.clock ? *held.clock : clock;
  auto service =
      Service::create(service_options(options), std::move(database->parts), service_clock);
  if (!service) return with_database(std::move(service).error(), options);
  auto node = std::make_unique<ServingNode>(std::move(held), std::move(*service), options, clock);
  if (auto started = node->start(); !started) {
    return with_database(std::move(started).error(), options);
  }
  return node;
}

}  // namespace postrider::cli
