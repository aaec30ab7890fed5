#include "metrics/process_figures.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

#include <sys/resource.h>
#include <unistd.h>

namespace postrider {
namespace {

/// Reads the fields of /proc/self/stat by their number in proc(5), counted from 1.
class ProcStat {
 public:
  ProcStat() {
    std::ifstream in("/proc/self/stat");
    std::string text{std::istreambuf_iterator<char>(in), {}};
    // The name of the program is in parentheses and may contain spaces.
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) return;
    std::istringstream rest(text.substr(name_end + 1));
    for (std::string figure; rest >> figure;) figures_.push_back(figure);
  }
  [[nodiscard]] std::optional<double> figure(std::size_t number) const {
    constexpr std::size_t kFirst = 3;  // the state, which follows the name
    if (number < kFirst || number - kFirst >= figures_.size()) return std::nullopt;
    double value = 0;
    std::istringstream in(figures_[number - kFirst]);
    return in >> value ? std::optional{value} : std::nullopt;
  }

 private:
  std::vector<std::string> figures_;
};

/// Returns when the machine started, in Unix seconds.
std::optional<double> boot_time() {
  std::ifstream in("/proc/stat");
  for (std::string word; in >> word;) {
    double seconds = 0;
    if (word == "btime" && in >> seconds) return seconds;
  }
  return std::nullopt;
}

std::optional<double> open_fds() {
  std::error_code failed;
  std::filesystem::directory_iterator entries("/proc/self/fd", failed);
  double count = -1;  // excludes the descriptor of this directory
  for (; !failed && entries != std::filesystem::directory_iterator{}; entries.increment(failed))
    ++count;
  return failed ? std::nullopt : std::optional{count};
}

std::optional<double> max_fds() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  return static_cast<double>(limit.rlim_cur);
}

class Families {
 public:
  void add(
      std::string_view name,
      std::string_view help,
      prometheus::MetricType type,
      std::optional<double> value
  ) {
    if (!value) return;
    prometheus::MetricFamily family;
    family.name = name;
    family.help = help;
    family.type = type;
    prometheus::ClientMetric metric;
    metric.counter.value = *value;
    metric.gauge.value = *value;
    family.metric.push_back(metric);
    families_.push_back(std::move(family));
  }
  [[nodiscard]] std::vector<prometheus::MetricFamily> take() { return std::move(families_); }

 private:
  std::vector<prometheus::MetricFamily> families_;
};

std::optional<double> sum(std::optional<double> a, std::optional<double> b, double unit) {
  if (!a || !b) return std::nullopt;
  return (*a + *b) * unit;
}

}  // namespace

std::vector<prometheus::MetricFamily> process_figures() {
  using prometheus::MetricType;
  const ProcStat stat;
  const double tick = 1.0 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
  const auto started = stat.figure(22);
  const auto since_boot = started ? std::optional{*started * tick} : std::nullopt;
  Families families;
  families.add(
      "process_cpu_seconds_total",
      "Time that the process has used of the processors",
      MetricType::Counter,
      sum(stat.figure(14), stat.figure(15), tick)
  );
  families.add(
      "process_resident_memory_bytes",
      "Memory of the process that is in RAM",
      MetricType::Gauge,
      sum(stat.figure(24), 0, page)
  );
  families.add(
      "process_virtual_memory_bytes",
      "Address space of the process",
      MetricType::Gauge,
      stat.figure(23)
  );
  families.add(
      "process_open_fds", "Open file descriptors of the process", MetricType::Gauge, open_fds()
  );
  families.add(
      "process_max_fds", "File descriptors that it may open", MetricType::Gauge, max_fds()
  );
  families.add(
      "process_start_time_seconds",
      "When the process started, in Unix seconds",
      MetricType::Gauge,
      sum(boot_time(), since_boot, 1)
  );
  return families.take();
}

}  // namespace postrider
