#include "app/postrider/listing.h"

#include <algorithm>
#include <ostream>

#include "base/limits.h"

namespace postrider::cli {
namespace {

JsonView follow(JsonView value, std::string_view path) {
  while (!path.empty()) {
    const std::string_view name = path.substr(0, path.find('.'));
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    value = value[name];
  }
  return value;
}

std::string plain_value(const JsonView& value) {
  if (value.is_object() && value["id"].exists()) return value["id"].text();
  if (!value.is_array()) return value.is_object() ? minified(value.raw()) : value.text();
  std::string joined;
  for (const JsonView& element : value.elements()) {
    if (!joined.empty()) joined += ", ";
    joined += element.is_string() ? element.text() : minified(element.raw());
  }
  return joined;
}

bool looks_like_time(std::string_view name) { return name.ends_with("_at"); }

void print_attempts(Io& io, const JsonView& attempts) {
  if (attempts.elements().empty()) {
    io.out << "no attempts yet\n";
    return;
  }
  Table table(
      {{"#"},
       {"STARTED"},
       {"STATUS"},
       {"OUTCOME"},
       {"DURATION"},
       {"ERROR", true},
       {"RESPONSE", true}}
  );
  for (const JsonView& attempt : attempts.elements()) {
    const auto status = attempt["status"].integer().value_or(0);
    table.add(
        {attempt["number"].text(),
         readable_time(attempt["started_at"].text()),
         status == 0 ? "-" : std::to_string(status),
         attempt["outcome"].text(),
         readable_duration(attempt["duration_ms"].integer().value_or(0)),
         attempt["error"].text(),
         attempt["response_excerpt"].text()}
    );
  }
  io.out << "attempts:\n";
  table.print(io.out, io.width, "  ");
}

}  // namespace

void add_list_options(const Command& command, ListOptions& options) {
  command.number("limit", options.limit, {1, 1'000'000}, "How many to show, newest first");
  command.flag("all", options.all, "Show all, whatever --limit says");
}

std::string cell_of(const JsonView& object, const ColumnSpec& column) {
  std::string_view candidates = column.members;
  JsonView value;
  while (!candidates.empty() && !value.exists()) {
    const std::string_view path = candidates.substr(0, candidates.find('|'));
    candidates.remove_prefix(std::min(candidates.size(), path.size() + 1));
    value = follow(object, path);
  }
  const std::string text = plain_value(value);
  if (text.empty()) return "-";
  if (column.kind == ColumnSpec::Kind::kTime) return readable_time(text);
  if (column.kind == ColumnSpec::Kind::kDuration && value.integer()) {
    return readable_duration(*value.integer());
  }
  return text;
}

Result<int> print_list(
    Api& api,
    Io& io,
    const ApiOptions& api_options,
    const ListOptions& options,
    std::string_view path,
    const std::vector<ColumnSpec>& columns,
    std::string_view plural
) {
  std::vector<Table::Column> titles;
  for (const ColumnSpec& column : columns) titles.push_back({column.title, column.shrinks});
  Table table(std::move(titles));
  auto left = options.all ? INT64_MAX : options.limit;
  std::string cursor;
  const char* joint = path.find('?') == std::string_view::npos ? "?" : "&";
  do {
    const auto page_limit = std::min<std::int64_t>(left, limits::kListLimitMax);
    std::string page_path = std::string(path) + joint + "limit=" + std::to_string(page_limit);
    if (!cursor.empty()) page_path += "&cursor=" + http::percent_encode(cursor);
    const auto body = api.call("GET", page_path);
    if (!body) return tl::unexpected(body.error());
    const JsonView page(*body);
    for (const JsonView& row : page["data"].elements()) {
      if (left-- <= 0) break;
      if (api_options.json) {
        io.out << minified(row.raw()) << '\n';
        continue;
      }
      std::vector<std::string> cells;
      for (const ColumnSpec& column : columns) cells.push_back(cell_of(row, column));
      table.add(std::move(cells));
    }
    cursor = page["next_cursor"].text();
  } while (!cursor.empty() && left > 0);
  if (api_options.json) return kExitDone;
  if (table.empty()) {
    io.out << "no " << plural << '\n';
    return kExitDone;
  }
  table.print(io.out, io.width);
  if (!cursor.empty()) io.err << "more exist: --limit N or --all\n";
  return kExitDone;
}

void print_object(Io& io, bool json, std::string_view body) {
  const JsonView object(body);
  if (json || !object.is_object()) {
    io.out << minified(body) << '\n';
    return;
  }
  const auto members = object.members();
  std::size_t widest = 0;
  for (const auto& [name, value] : members) widest = std::max(widest, name.size());
  for (const auto& [name, value] : members) {
    if (name == "attempts" && value.is_array()) continue;
    std::string text = value.is_object() ? minified(value.raw()) : plain_value(value);
    if (looks_like_time(name)) text = readable_time(text);
    const std::string shown_name = printable(name);
    io.out << shown_name << ':' << std::string(widest + 1 - std::min(widest, name.size()), ' ')
           << (text.empty() ? "-" : printable(text)) << '\n';
  }
  if (object["attempts"].is_array()) print_attempts(io, object["attempts"]);
}

Result<int> print_done(
    Io& io, bool json, const Result<std::string>& answer, std::string_view sentence
) {
  if (!answer) return tl::unexpected(answer.error());
  if (!json) {
    io.out << sentence << '\n';
  } else if (!answer->empty()) {
    io.out << minified(*answer) << '\n';
  }
  return kExitDone;
}

}  // namespace postrider::cli
