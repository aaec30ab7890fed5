// What an event costs from its JSON to its settlement: allocations, and under callgrind
// instructions, stage by stage. Time is not looked at: on a shared machine it says nothing.
//
//     hot_path                                                   allocations
//     valgrind --tool=callgrind --collect-atstart=no hot_path    a dump for each stage, too
//
// guard.mjs runs it and compares with budget.json.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <valgrind/callgrind.h>

#include "codec/event_codec.h"
#include "engine/engine.h"
#include "service/emit.h"
#include "service/endpoint_changes.h"
#include "service/engine_inbox.h"
#include "service/group_commit.h"
#include "service/ownership.h"
#include "store/sqlite/sqlite_store.h"

#include "tests/support/must.h"
#include "tests/support/temp_dir.h"

namespace {

std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* made = std::malloc(bytes); made != nullptr) return made;
  throw std::bad_alloc{};
}
// g++ does not see that both sides are replaced.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
void operator delete(void* bytes) noexcept { std::free(bytes); }
void operator delete(void* bytes, std::size_t /*size*/) noexcept { std::free(bytes); }

namespace postrider::testing {
namespace {

constexpr std::size_t kEndpoints = 64;
constexpr std::size_t kEventsPerCommit = 64;
constexpr int kRounds = 16;
constexpr auto kDeliveries = static_cast<double>(kEventsPerCommit * kRounds);
constexpr std::size_t kDataBytes = 500;
/// Commits before anything is counted: statements are prepared, lanes and tables have grown.
constexpr int kWarmUpRounds = 4;

/// Answers everything with 200 and keeps nothing.
class Yes final : public Transport {
 public:
  void submit(TransferId id, Request /*request*/) override {
    Completion done;
    done.id = id;
    done.response.status = 200;
    done_.push_back(std::move(done));
  }
  void poll(Millis /*wait*/, std::vector<Completion>& out) override { out.swap(done_); }
  void wake() noexcept override {}

 private:
  std::vector<Completion> done_;
};

/// No endpoint has a program.
class NoTemplateRunner final : public TemplateRunner {
 public:
  void submit(TransferId /*id*/, ProgramJob /*job*/) override {}
};

class Settlements final : public SettlementSink {
 public:
  void put(Settlement settlement, Urgency /*urgency*/) override {
    waiting.push_back(std::move(settlement));
  }
  std::vector<Settlement> waiting;
};

/// What a stage cost in all its rounds.
struct Stage {
  std::string name;
  std::size_t allocations = 0;
};

class HotPath {
 public:
  explicit HotPath(const std::string& path)
      : store_(must(sqlite::SqliteStore::open(path))),
        reader_(must(sqlite::SqliteReaders{path}.open())),
        group_(*store_),
        engine_(
            options(),
            IdCodec{reader_->id_salt()},
            {*reader_, transport_, template_runner_, sink_},
            Prng{1}
        ),
        feed_(engine_, *reader_) {
    must(group_.load(*reader_));
    commit([](WriteContext& context) { return adopt(context, Partitions{}.set(), MonoTime{}); });
    must(feed_.apply(news_of(effects_), now_, MonoTime{}));
    commit([](WriteContext& context) -> Status {
      for (std::size_t i = 0; i < kEndpoints; ++i) {
        Endpoint endpoint;
        endpoint.tenant = "default";
        endpoint.config.url = "http://127.0.0.1:1/" + std::to_string(i);
        endpoint.config.event_types = {"bench." + std::to_string(i), "everybody"};
        endpoint.secrets.push_back({"whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz", context.now, {}});
        must(add_endpoint(context, std::move(endpoint)).map([](const Endpoint&) {}));
      }
      return {};
    });
    must(feed_.apply(news_of(effects_), now_, MonoTime{}));
  }

  /// `fan_out`: each commit has one event for all endpoints instead of one for each.
  std::vector<Stage> run(const std::string& kind, int rounds, bool fan_out) {
    std::vector<Stage> stages;
    for (const char* name : {" emit", " send", " classify", " settle"})
      stages.push_back({kind + name});
    for (int round = 0; round < rounds; ++round) {
      now_ += Millis{10};
      mono_ += Millis{10};
      const std::vector<std::string> bodies = make_bodies(fan_out);
      measure(stages[0], [&] { emit_all(bodies); });
      measure(stages[1], [&] { send_all(); });
      measure(stages[2], [&] { classify_all(); });
      measure(stages[3], [&] { settle_all(); });
    }
    return stages;
  }

 private:
  static EngineOptions options() {
    EngineOptions options;
    options.in_flight_max = 2 * kEventsPerCommit;
    options.request.user_agent = "Postrider/0.0.0";
    return options;
  }

  static void measure(Stage& stage, const auto& work) {
    const std::size_t before = allocations;
    CALLGRIND_TOGGLE_COLLECT;
    work();
    CALLGRIND_TOGGLE_COLLECT;
    CALLGRIND_DUMP_STATS_AT(stage.name.c_str());
    stage.allocations += allocations - before;
  }

  static std::vector<std::string> make_bodies(bool fan_out) {
    std::vector<std::string> bodies;
    const std::string data = '"' + std::string(kDataBytes - 2, 'x') + '"';
    for (std::size_t i = 0; i < (fan_out ? 1 : kEventsPerCommit); ++i) {
      const std::string type = fan_out ? "everybody" : "bench." + std::to_string(i);
      bodies.push_back(fmt::format(R"({{"type":"{}","data":{}}})", type, data));
    }
    return bodies;
  }

  void commit(const Change& change) {
    effects_ = {};
    std::vector<Settlement> none;
    const GroupResult result = group_.run(none, {change}, now_, effects_);
    must(result.changes.front());
  }

  void emit_all(const std::vector<std::string>& bodies) {
    EmitParams params;
    for (const std::string& body : bodies) {
      FieldErrors errors;
      params.events.push_back(must(parse_event(body, {}, errors)));
    }
    params.render = [](const std::vector<Appended>& /*appended*/) { return std::string{}; };
    commit([&params](WriteContext& context) {
      Filtering filtering;
      return emit(context, params, filtering).map([](const Emitted&) {});
    });
  }

  void send_all() {
    must(feed_.apply(news_of(effects_), now_, MonoTime{}));
    must(engine_.tick(now_, mono_, {}));
    require(engine_.in_flight() == kEventsPerCommit);
  }

  void classify_all() {
    std::vector<Completion> answers;
    transport_.poll(Millis{0}, answers);
    must(engine_.tick(now_, mono_, std::move(answers)));
    require(sink_.waiting.size() == kEventsPerCommit);
  }

  void settle_all() {
    effects_ = {};
    must(group_.run(sink_.waiting, {}, now_, effects_).status);
    must(feed_.apply(news_of(effects_), now_, MonoTime{}));
    effects_ = {};
    require(engine_.in_flight() == 0);
  }

  static void require(bool holds) {
    if (!holds) throw std::runtime_error("a delivery was not in its stage");
  }

  std::unique_ptr<Store> store_;
  std::unique_ptr<StoreReader> reader_;
  GroupCommit group_;
  Yes transport_;
  NoTemplateRunner template_runner_;
  Settlements sink_;
  Engine engine_;
  EngineInbox feed_;
  Effects effects_;
  WallTime now_ = from_unix_ms(1'700'000'000'000);
  MonoTime mono_{};
};

void print(std::span<const Stage> stages) {
  for (const Stage& stage : stages) {
    const double each = static_cast<double>(stage.allocations) / kDeliveries;
    fmt::print("{} {:.2f}\n", stage.name, each);
  }
}

}  // namespace
}  // namespace postrider::testing

int main() {
  using postrider::testing::HotPath;
  try {
    const postrider::testing::TempDir dir;
    HotPath path(dir.file("postrider.db"));
    static_cast<void>(path.run("warm-up", postrider::testing::kWarmUpRounds, false));
    fmt::print("deliveries {}\n", postrider::testing::kDeliveries);
    postrider::testing::print(path.run("single", postrider::testing::kRounds, false));
    postrider::testing::print(path.run("fan-out", postrider::testing::kRounds, true));
  } catch (const std::exception& error) {
    fmt::print(stderr, "hot_path: {}\n", error.what());
    return 1;
  }
  return 0;
}
