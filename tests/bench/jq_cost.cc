// What jq programs cost through the real process: time of this machine, nothing that a test could
// hold against a bound.
//
//     jq_cost [RUNS]
#include <charconv>
#include <cstdio>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

#include "tests/unit/jq/jq_fixture.h"

namespace postrider::testing {
namespace {

const std::string kTemplate = R"jq({
  text: "*\(.type)* for \(.data.customer.name // "somebody")",
  blocks: [
    {type: "section", text: {type: "mrkdwn", text:
      ("Order " + (.data.order | tostring) + ": " +
       (.data.items | map("\(.quantity) x \(.name)") | join(", ")))}},
    {type: "context", elements: [{type: "mrkdwn", text: (.data.items | length | tostring)}]}
  ]})jq";
const std::string kEvent =
    R"({"id":"evt_1","type":"order.paid","data":{"customer":{"name":"Ada"},"order":1017,)"
    R"("items":[{"quantity":2,"name":"tea"},{"quantity":1,"name":"cup"}]}})";

double micros(const Clock& clock, int rounds, const auto& work) {
  const MonoTime start = clock.mono_now();
  for (int i = 0; i < rounds; ++i) work(i);
  const auto taken = clock.mono_now() - start;
  return static_cast<double>(taken.count()) / rounds;
}

/// VmRSS of a process, in KiB.
long resident_kib(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  std::string word;
  long value = 0;
  while (file >> word) {
    if (word == "VmRSS:" && file >> value) return value;
  }
  return 0;
}

std::string variant(int number) { return kTemplate + " | .n = " + std::to_string(number); }

void measure(int runs) {
  const SystemClock clock;
  std::printf("first result, with the start of a process: %8.0f us\n", micros(clock, 20, [](int) {
                run(*make_runner(), ".");
              }));
  auto runner = make_runner();
  run(*runner, kTemplate, kEvent);
  const pid_t pid = runner->processes().at(0);
  std::printf(
      "compiling and running a new template:      %8.0f us\n",
      micros(clock, 20, [&](int i) { run(*runner, variant(i), kEvent); })
  );
  const std::vector<std::string> five(5, kTemplate);
  std::printf(
      "a warm job of one template:                %8.1f us\n",
      micros(clock, runs, [&](int) { run(*runner, kTemplate, kEvent); })
  );
  std::printf(
      "a warm job of `.type`:                     %8.1f us\n",
      micros(clock, runs, [&](int) { run(*runner, ".type", kEvent); })
  );
  std::printf(
      "a warm job of five templates:              %8.1f us\n",
      micros(clock, runs, [&](int) { run_all(*runner, five, kEvent); })
  );
  const long before = resident_kib(pid);
  for (int i = 20; i < 120; ++i) run(*runner, variant(i), kEvent);
  const long after = resident_kib(pid);
  std::printf(
      "memory of the process: %ld KiB, and %ld KiB with 100 more programs\n", before, after
  );
  for (int i = 0; i < 5 * runs; ++i) run(*runner, kTemplate, kEvent);
  std::printf("and after %d more runs: %ld KiB\n", 5 * runs, resident_kib(pid));
}

}  // namespace
}  // namespace postrider::testing

int main(int argc, char** argv) {
  int runs = 20'000;
  if (argc > 1) {
    const std::string_view text{argv[1]};
    std::from_chars(text.data(), text.data() + text.size(), runs);
  }
  postrider::testing::measure(runs);
}
