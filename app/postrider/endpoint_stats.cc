// `endpoints stats`: prints the statistics of an endpoint as a table over time.
#include <ostream>

#include "app/postrider/endpoints.h"
#include "app/postrider/table.h"

namespace postrider::cli {
namespace {

void add_counts(Table& table, std::string name, const JsonView& counts) {
  std::string classes;
  for (const auto& [attempt_class, count] : counts["attempts_by_class"].members()) {
    if (count.integer().value_or(0) == 0) continue;
    classes += (classes.empty() ? "" : ", ") + attempt_class + " " + count.text();
  }
  table.add(
      {std::move(name),
       counts["delivered"].text(),
       counts["dead"].text(),
       counts["attempts"].text(),
       classes.empty() ? "-" : classes}
  );
}

/// Prints the statistics. The table for people omits intervals without deliveries.
void print_stats(Io& io, bool json, const std::string& body) {
  if (json) return print_object(io, json, body);
  const JsonView stats(body);
  Table table(
      {{"SINCE"}, {"DELIVERED"}, {"DEAD"}, {"ATTEMPTS"}, {"BY CLASS", Table::Column::kFirst}}
  );
  for (const JsonView& bucket : stats["series"].elements()) {
    const auto& totals = bucket["attempts"];
    const bool quiet = totals.integer().value_or(0) == 0 && bucket["dead"].text() == "0";
    if (!quiet) add_counts(table, readable_time(bucket["start"].text()), bucket);
  }
  add_counts(table, "total", stats["totals"]);
  io.out << "from " << readable_time(stats["since"].text()) << " to "
         << readable_time(stats["until"].text()) << ", in steps of "
         << readable_duration(stats["bucket_s"].integer().value_or(0) * 1000) << '\n';
  table.print(io.out, io.width);
}

}  // namespace

void add_endpoint_stats(const Collection& endpoints) {
  struct Options : OneOptions {
    std::optional<std::string> since;
  };
  const auto [command, options] = endpoints.add_one<Options>(
      "stats", "Show attempts, deliveries and latency of an endpoint over time"
  );
  command.text("since", options.since, "Start of the time range (RFC 3339)");
  add_api_options(command, options.api);
  run_with_api(
      command,
      options.api,
      [endpoints, &options = options](Api& api, Io& io) -> Result<int> {
        Query query;
        query.add("since", options.since);
        const auto answer = api.call("GET", query.on(endpoints.path(options.id, "stats")));
        if (!answer) return tl::unexpected(answer.error());
        print_stats(io, options.api.json, *answer);
        return kExitDone;
      }
  );
}

}  // namespace postrider::cli
