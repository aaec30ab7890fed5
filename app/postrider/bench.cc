// `bench`: runs the benchmark suite on this machine.
#include <algorithm>
#include <ostream>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/postrider/commands.h"
#include "app/postrider/table.h"
#include "bench/machine.h"
#include "bench/suite.h"

namespace postrider::cli {
namespace {

struct BenchFlags {
  std::string directory = ".";
  std::int64_t rounds = 3;
  std::int64_t events = 40'000;
  std::int64_t steady_s = 5;
  std::int64_t backlog = 100'000;
  std::int64_t endurance = 200'000;
  std::int64_t endpoints = 10'000;
  std::vector<std::string> only;
  bool quick = false;
  bool json = false;
};

/// Formats a figure without decimals that do not matter.
std::string shown(double value) {
  if (value >= 100) return fmt::format("{:.0f}", value);
  return fmt::format("{:.2f}", value);
}

std::string spread(const std::vector<double>& samples) {
  if (samples.size() < 2) return "";
  const auto [least, most] = std::minmax_element(samples.begin(), samples.end());
  return shown(*least) + " to " + shown(*most);
}

void print_table(Io& io, const std::vector<bench::Figure>& figures) {
  Table table({{"GROUP"}, {"WHAT"}, {"MEDIAN"}, {"UNIT"}, {"SPREAD"}, {"RATIO"}});
  for (const bench::Figure& figure : figures) {
    table.add(
        {figure.group,
         figure.name,
         shown(bench::median(figure.samples)),
         figure.unit,
         spread(figure.samples),
         figure.ratios.empty() ? "" : fmt::format("{:.2f}", bench::median(figure.ratios))}
    );
  }
  table.print(io.out, io.width);
}

void print_json(
    Io& io,
    const std::vector<std::pair<std::string, std::string>>& machine,
    const std::vector<bench::Figure>& figures
) {
  nlohmann::ordered_json out;
  out["version"] = POSTRIDER_VERSION;
  for (const auto& [name, value] : machine) out["machine"][name] = value;
  out["figures"] = nlohmann::ordered_json::array();
  for (const bench::Figure& figure : figures) {
    nlohmann::ordered_json one = {
        {"group", figure.group},
        {"name", figure.name},
        {"unit", figure.unit},
        {"median", bench::median(figure.samples)},
        {"samples", figure.samples}};
    if (!figure.ratios.empty()) one["ratio"] = bench::median(figure.ratios);
    out["figures"].push_back(std::move(one));
  }
  io.out << out.dump(2) << '\n';
}

Result<bench::SuiteOptions> checked(const BenchFlags& flags) {
  bench::SuiteOptions options{
      .directory = flags.directory,
      .rounds = static_cast<std::size_t>(flags.rounds),
      .events = static_cast<std::size_t>(flags.events),
      .steady = std::chrono::seconds{flags.steady_s},
      .backlog = static_cast<std::size_t>(flags.backlog),
      .endurance = static_cast<std::size_t>(flags.endurance),
      .endpoints = static_cast<std::size_t>(flags.endpoints),
      .only = flags.only};
  std::vector<std::string_view> known(bench::kGroups.begin(), bench::kGroups.end());
  for (const std::string_view name : bench::throughput_cases()) known.push_back(name);
  for (const std::string& name : options.only) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return fail(
          Errc::kInvalidArgument,
          fmt::format("--only: there is no {}, but: {}", name, fmt::join(known, "; "))
      );
    }
  }
  if (flags.quick) {
    options.rounds = 1;
    options.events = std::min<std::size_t>(options.events, 4'000);
    options.steady = std::chrono::seconds{1};
    options.backlog = std::min<std::size_t>(options.backlog, 10'000);
    options.endurance = std::min<std::size_t>(options.endurance, 10'000);
    options.endpoints = std::min<std::size_t>(options.endpoints, 200);
  }
  return options;
}

Result<int> bench_machine(Io& io, const BenchFlags& flags) {
  const auto options = checked(flags);
  if (!options) return tl::unexpected(options.error());
  const auto machine = bench::describe_machine(options->directory);
  if (!flags.json) {
    io.out << "postrider " << POSTRIDER_VERSION << '\n';
    for (const auto& [name, value] : machine) io.out << fmt::format("{:<12}{}\n", name, value);
    io.out << std::flush;
  }
  const auto progress = [&io](const std::string& doing) {
    if (io.err_is_terminal) {
      io.err << fmt::format("\r\033[K{}", doing) << std::flush;
    } else {
      io.err << doing << '\n';
    }
  };
  const SystemClock clock;
  const auto figures = bench::run_suite(*options, clock, progress);
  if (io.err_is_terminal) io.err << "\r\033[K";
  if (!figures) {
    report(io, figures.error());
    return kExitFailed;
  }
  if (flags.json) {
    print_json(io, machine, *figures);
  } else {
    io.out << '\n';
    print_table(io, *figures);
    io.out << "\nRATIO: throughput to the ceiling before and after it, isolation to the endpoint "
              "alone; backlog to no backlog and to fresh events, endurance to its beginning, "
              "each as a share of the ceiling of its own time.\n";
  }
  return kExitDone;
}

}  // namespace

void add_bench(const Command& root) {
  const Command command = root.add(
      "bench",
      "Measure this machine: throughput, latency, isolation, endurance, beside bare libcurl",
      "postrider bench --quick"
  );
  auto& flags = command.keep<BenchFlags>();
  command.text("dir", flags.directory, "Directory for databases; its disk is measured, too");
  command.list(
      "only",
      flags.only,
      fmt::format(
          "Groups: {}; or rows of throughput, as 'batches of 500'", fmt::join(bench::kGroups, ", ")
      ),
      ','
  );
  command.number("rounds", flags.rounds, {1, 100}, "Measurements of each figure");
  command.number("events", flags.events, {1'000, 10'000'000}, "Events of one measurement");
  command.number("steady-s", flags.steady_s, {1, 600}, "Seconds at each steady rate");
  command.number("backlog", flags.backlog, {0, 100'000'000}, "Pending deliveries; 0 = none");
  command.number("endurance", flags.endurance, {0, 100'000'000}, "Events of a long run, 0 = none");
  command.number(
      "endpoints", flags.endpoints, {0, 1'000'000}, "Endpoints for the idle and storm groups"
  );
  command.flag("quick", flags.quick, "Run one short round to check that everything works");
  command.flag("json", flags.json, "Print JSON");
  command.run_checked([&flags](Io& io) { return bench_machine(io, flags); });
}

}  // namespace postrider::cli
