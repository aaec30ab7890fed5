#include "app/postrider/node.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "api/api.h"
#include "http/server.h"
#include "jq/sandbox/process_runner.h"
#include "service/keyring.h"
#include "service/lease_keeper.h"
#include "service/service.h"
#include "store/postgres/pg_lease.h"
#include "store/postgres/pg_store.h"
#include "store/postgres/poll_watch.h"
#include "store/sqlite/database_lock.h"
#include "store/sqlite/sqlite_store.h"
#include "store/sqlite/wal_watch.h"
#include "transport/curl/address_guard.h"
#include "transport/curl/curl_transport.h"
#include "transport/curl/url.h"

namespace postrider::cli {
namespace {

constexpr std::string_view kUserAgent = "Postrider/" POSTRIDER_VERSION;
/// The most that clients get of the drain time to read their answers, and what they get although
/// there is less: an answer that a client cannot read is asked for again.
constexpr Millis kClientsDrainMax{5000};
constexpr Millis kClientsDrainMin{500};

EngineOptions engine_options(const ServeOptions& options) {
  EngineOptions engine;
  engine.in_flight_max = options.max_in_flight;
  engine.ready_bytes_max = limits::kReadyBytesMax;
  engine.retry_default = default_retry_policy();
  if (!options.retry_delays.empty()) engine.retry_default.delays = options.retry_delays;
  engine.request = {std::string(kUserAgent), options.timeout};
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
  service.drain_timeout = options.drain;
  return service;
}

/// The database's parts of a service, and what keeps others from it while it runs.
struct Database {
  ServiceParts parts;
  std::optional<sqlite::DatabaseLock> lock;
};

Result<std::optional<Database>> open_sqlite(const std::string& path) {
  auto lock = sqlite::DatabaseLock::take(path);
  if (!lock) return tl::unexpected(std::move(lock).error());
  auto store = sqlite::SqliteStore::open(path);
  if (!store) return tl::unexpected(std::move(store).error());
  auto watch = sqlite::WalWatch::open(path);
  if (!watch) return tl::unexpected(std::move(watch).error());
  auto checkpointer = sqlite::SqliteCheckpointer::open(path);
  if (!checkpointer) return tl::unexpected(std::move(checkpointer).error());
  Database database;
  database.parts.store = std::move(*store);
  database.parts.readers = std::make_unique<sqlite::SqliteReaders>(path);
  database.parts.outbox_watch = std::move(*watch);
  database.parts.checkpointer = std::move(*checkpointer);
  database.lock.emplace(std::move(*lock));
  return database;
}

/// A node whose turn it is.
struct Turn {
  std::int64_t node = 0;
  std::unique_ptr<LeaseKeeper> lease;
};

/// Stands by until it is this node's turn; nothing when it was asked to stop meanwhile.
Result<std::optional<Turn>> take_turn(
    const ServeOptions& options, const Clock& clock, const StopSignals& signals
) {
  while (true) {
    auto lease = postgres::PgLease::join(options.db, options.lease);
    if (!lease) return tl::unexpected(std::move(lease).error());
    const std::int64_t node = (*lease)->node();
    const auto begun =
        wait_for_turn(**lease, clock, [&](Millis time) { return signals.pause(time); });
    if (!begun) continue;  // its place was lost while it could not renew it
    if (!*begun) {
      (*lease)->leave();
      return std::optional<Turn>{};
    }
    return Turn{node, std::make_unique<LeaseKeeper>(std::move(*lease), **begun, clock)};
  }
}

Result<std::optional<Database>> open_postgres(
    const ServeOptions& options, const Clock& clock, const StopSignals& signals
) {
  auto turn = take_turn(options, clock, signals);
  if (!turn) return tl::unexpected(std::move(turn).error());
  if (!*turn) return std::optional<Database>{};
  auto store = postgres::PgStore::open(options.db, (*turn)->node);
  if (!store) return tl::unexpected(std::move(store).error());
  Database database;
  database.parts.store = std::move(*store);
  database.parts.readers = std::make_unique<postgres::PgReaders>(options.db);
  database.parts.outbox_watch = std::make_unique<postgres::PollWatch>(limits::kOutboxPoll);
  database.parts.lease = std::move((*turn)->lease);
  database.parts.lost = [] { StopSignals::interrupt(); };
  return database;
}

Result<std::optional<Database>> open_database(
    const ServeOptions& options, const Clock& clock, const StopSignals& signals
) {
  auto guard = curl::AddressGuard::parse(options.allow_nets);
  if (!guard) return tl::unexpected(std::move(guard).error());
  auto database = is_postgres_url(options.db) ? open_postgres(options, clock, signals)
                                              : open_sqlite(options.db);
  if (!database || !*database) return database;
  ServiceParts& parts = (*database)->parts;
  curl::CurlTransport::Options transport{.guard = std::move(*guard)};
  transport.connections_max = options.max_in_flight;
  parts.transport = std::make_unique<curl::CurlTransport>(clock, std::move(transport));
  auto programs = jq::ProcessRunner::open({});
  if (!programs) return tl::unexpected(std::move(programs).error());
  parts.programs = std::move(*programs);
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
  // A single event: its data, and room for the other members around it.
  server.body_bytes_max = options.max_event_bytes + limits::kEventEnvelopeBytesMax;
  return server;
}

/// Names the database in what SQLite says of a damaged page that a start comes across.
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
      std::optional<sqlite::DatabaseLock> lock,
      std::unique_ptr<Service> service,
      const ServeOptions& options,
      const Clock& clock
  )
      : lock_(std::move(lock)),
        service_(std::move(service)),
        api_(*service_, api_options(*service_)),
        server_(server_options(options), clock) {
    api_.mount(server_);
  }
  ~ServingNode() override { static_cast<void>(stop()); }
  ServingNode(const ServingNode&) = delete;
  ServingNode& operator=(const ServingNode&) = delete;

  [[nodiscard]] Status start() {
    if (auto started = service_->start(); !started) return started;
    if (service_->options().root_key.empty()) {
      if (auto made = make_key_if_none(); !made) return made;
    }
    return server_.start();
  }

  [[nodiscard]] std::string url() const override { return server_.url(); }
  [[nodiscard]] const std::string& made_key() const override { return made_key_; }

  std::size_t stop() override {
    // The drain time covers both. Live streams end with their feed, else stopping the server would
    // wait for them.
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

  [[nodiscard]] Status make_key_if_none() {
    auto reader = service_->open_reader();
    if (!reader) return tl::unexpected(std::move(reader).error());
    const auto keys = (*reader)->all_api_keys();
    if (!keys) return tl::unexpected(keys.error());
    if (!keys->empty()) return {};
    std::string key = generate_api_key();
    ApiKey stored;
    stored.name = "first key";
    stored.sha256 = hash_api_key(key);
    auto added = service_->add_api_key(std::move(stored));
    if (!added) return tl::unexpected(std::move(added).error());
    made_key_ = std::move(key);
    return {};
  }

  // In the order they are made; they end the other way round.
  const std::optional<sqlite::DatabaseLock> lock_;
  const std::unique_ptr<Service> service_;
  api::Api api_;
  http::Server server_;
  std::string made_key_;
};

}  // namespace

Result<std::unique_ptr<Node>> Node::start(
    const ServeOptions& options, const Clock& clock, const StopSignals& signals
) {
  auto opened = open_database(options, clock, signals);
  if (!opened) return with_database(std::move(opened).error(), options);
  if (!*opened) return nullptr;
  auto database = std::move(*opened);
  auto service = Service::create(service_options(options), std::move(database->parts), clock);
  if (!service) return with_database(std::move(service).error(), options);
  auto node =
      std::make_unique<ServingNode>(std::move(database->lock), std::move(*service), options, clock);
  if (auto started = node->start(); !started) {
    return with_database(std::move(started).error(), options);
  }
  return node;
}

}  // namespace postrider::cli
