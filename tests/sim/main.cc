// sim: runs Postrider's core in simulated time from one seed.
#include <charconv>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>

#include "base/log.h"

#include "tests/sim/world.h"

namespace postrider::sim {
namespace {

constexpr std::string_view kUsage =
    "usage: sim [--seed N|COMMIT] [--seeds A..B] [--canary NAME] [--steps N] [--trace]\n";

struct Arguments {
  std::uint64_t first = 1;
  std::uint64_t last = 1;
  int steps = 300;
  Canary canary = Canary::kNone;
  bool trace = false;
};

/// Memory is as good as a disk here, and a hundred times faster.
std::filesystem::path scratch() {
  const std::filesystem::path memory = "/dev/shm";
  std::error_code missing;
  const bool there = std::filesystem::is_directory(memory, missing);
  std::string name =
      ((there ? memory : std::filesystem::temp_directory_path()) / "postrider-sim-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no directory for the database");
  return name;
}

/// A number, or the 40 hex digits of a commit.
std::uint64_t seed_of(std::string_view text) {
  constexpr std::size_t kCommitDigits = 40;
  constexpr std::size_t kSeedDigits = 16;
  const bool is_commit = text.size() == kCommitDigits;
  if (is_commit) text = text.substr(0, kSeedDigits);
  std::uint64_t seed = 0;
  const auto parsed =
      std::from_chars(text.data(), text.data() + text.size(), seed, is_commit ? 16 : 10);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size())
    throw std::invalid_argument("no seed: " + std::string{text});
  return seed;
}

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--trace") {
      arguments.trace = true;
      continue;
    }
    if (++i == argc) throw std::invalid_argument(std::string{name} + " needs a value");
    const std::string_view value = argv[i];
    if (name == "--seed") {
      arguments.first = arguments.last = seed_of(value);
    } else if (name == "--seeds") {
      const auto dots = value.find("..");
      if (dots == std::string_view::npos) throw std::invalid_argument("--seeds needs A..B");
      arguments.first = seed_of(value.substr(0, dots));
      arguments.last = seed_of(value.substr(dots + 2));
    } else if (name == "--steps") {
      arguments.steps = static_cast<int>(seed_of(value));
    } else if (name == "--canary") {
      const auto canary = parse_canary(value);
      if (!canary) throw std::invalid_argument("no canary: " + std::string{value});
      arguments.canary = *canary;
    } else {
      throw std::invalid_argument("no option: " + std::string{name});
    }
  }
  return arguments;
}

void add(Counts& sum, const Counts& counts) {
  sum.events += counts.events;
  sum.requests += counts.requests;
  sum.rendered += counts.rendered;
  sum.filtered += counts.filtered;
  sum.born_dead += counts.born_dead;
  sum.settled += counts.settled;
  sum.late += counts.late;
  sum.duplicates += counts.duplicates;
  sum.commits += counts.commits;
  sum.crashes += counts.crashes;
}

/// False when something was broken; says what and how to see it again.
bool run_seed(std::uint64_t seed, const Arguments& arguments, Counts& sum) {
  const auto directory = scratch();
  World world({seed, arguments.steps, arguments.canary, (directory / "sim.db").string()});
  bool fine = true;
  try {
    world.run();
  } catch (const Violation& violation) {
    fine = false;
    std::cout << "seed " << seed << " failed: " << violation.what << "\n";
    world.trace().print(std::cout, arguments.trace ? Violation{} : violation);
    std::cout << "failed: " << violation.what << "\nrepeat: sim --seed " << seed << " --steps "
              << arguments.steps;
    if (arguments.canary != Canary::kNone)
      std::cout << " --canary " << kCanaryNames.at(static_cast<std::size_t>(arguments.canary));
    std::cout << "\n";
  }
  if (fine && arguments.trace) world.trace().print(std::cout, {});
  add(sum, world.counts());
  std::filesystem::remove_all(directory);
  return fine;
}

int run(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  Counts sum;
  for (std::uint64_t seed = arguments.first; seed <= arguments.last; ++seed) {
    // Before it runs: an assertion ends the process without another word.
    std::cout << "seed " << seed << "\n" << std::flush;
    if (!run_seed(seed, arguments, sum)) return EXIT_FAILURE;
  }
  std::cout << fmt::format(
      "{} events, {} commits, {} requests, {} rendered, {} filtered, {} born dead, {} settled, {} "
      "late, {} crashes, {} "
      "duplicates\n",
      sum.events,
      sum.commits,
      sum.requests,
      sum.rendered,
      sum.filtered,
      sum.born_dead,
      sum.settled,
      sum.late,
      sum.crashes,
      sum.duplicates
  );
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace postrider::sim

int main(int argc, char** argv) {
  try {
    return postrider::sim::run(argc, argv);
  } catch (const std::invalid_argument& wrong) {
    std::cerr << wrong.what() << "\n" << postrider::sim::kUsage;
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "sim: " << error.what() << "\n";
    return 3;
  }
}
