#include "app/postrider/listing.h"

#include <algorithm>
#include <limits>
#include <ostream>

#include "app/postrider/table.h"
#include "base/limits.h"
#include "json/raw_json.h"

namespace postrider::cli {
namespace {

std::string plain_value(const JsonView& value) {
  if (value.is_object() && value["id"].exists()) return value["id"].text();
  if (!value.is_array()) return value.is_object() ? json::minified(value.raw()) : value.text();
  std::string joined;
  for (const JsonView& element : value.elements()) {
    if (!joined.empty()) joined += ", ";
    joined += element.is_string() ? element.text() : json::minified(element.raw());
  }
  return joined;
}

bool looks_like_time(std::string_view name) { return name.ends_with("_at"); }

using Member = std::pair<std::string, JsonView>;

/// What belongs to the object and is another one, in full.
bool is_section(const Member& member) {
  return member.second.is_object() && member.first.ends_with("_details");
}

void print_members(Io& io, const std::vector<Member>& members, std::string_view indent) {
  std::size_t widest = 0;
  for (const auto& [name, value] : members) widest = std::max(widest, name.size());
  for (const auto& [name, value] : members) {
    std::string text = value.is_object() ? json::minified(value.raw()) : plain_value(value);
    if (looks_like_time(name)) text = readable_time(text);
    io.out << indent << printable(name) << ':'
           << std::string(widest + 1 - std::min(widest, name.size()), ' ')
           << (text.empty() ? "-" : printable(text)) << '\n';
  }
}

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

/// The value at the path of a column.
JsonView value_at(JsonView object, std::string_view path) {
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    object = object[path.substr(0, dot)];
    path.remove_prefix(dot + 1);
  }
  return object[path];
}

/// The value of a column in `object`, for people.
std::string cell_of(const JsonView& object, const ColumnSpec& column) {
  std::string text = plain_value(value_at(object, column.member));
  if (text.empty()) return "-";
  return column.kind == ColumnSpec::kTime ? readable_time(text) : text;
}

std::vector<std::string> cells_of(const JsonView& object, const std::vector<ColumnSpec>& columns) {
  std::vector<std::string> cells;
  cells.reserve(columns.size());
  for (const ColumnSpec& column : columns) cells.push_back(cell_of(object, column));
  return cells;
}

Table table_of(const std::vector<ColumnSpec>& columns) {
  std::vector<Table::Column> titles;
  titles.reserve(columns.size());
  for (const ColumnSpec& column : columns) {
    titles.push_back({column.title, column.kind == ColumnSpec::kLongText});
  }
  return Table(std::move(titles));
}

/// Follows the cursors of `path`, with as many rows as are wanted. Returns whether there are more.
template <class OnRow>
Result<bool> each_row(
    Api& api, const ListOptions& options, std::string_view path, const OnRow& on_row
) {
  auto left = options.all ? std::numeric_limits<std::int64_t>::max() : options.limit;
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
      on_row(row);
    }
    cursor = page["next_cursor"].text();
  } while (!cursor.empty() && left > 0);
  return !cursor.empty();
}

}  // namespace

void add_list_options(const Command& command, ListOptions& options) {
  command.number("limit", options.limit, {1, 1'000'000}, "How many to show, newest first");
  command.flag("all", options.all, "Show all, whatever --limit says");
  add_api_options(command, options.api);
}

Result<int> print_list(Api& api, Io& io, const ListOptions& options, const ListSpec& list) {
  Table table = table_of(list.columns);
  const auto more = each_row(api, options, list.path, [&](const JsonView& row) {
    if (options.api.json) {
      io.out << json::minified(row.raw()) << '\n';
    } else {
      table.add(cells_of(row, list.columns));
    }
  });
  if (!more) return tl::unexpected(more.error());
  if (options.api.json) return kExitDone;
  if (table.empty()) {
    io.out << "no " << list.plural << '\n';
    return kExitDone;
  }
  table.print(io.out, io.width);
  if (*more) io.err << "more exist: --limit N or --all\n";
  return kExitDone;
}

std::vector<ColumnSpec> delivery_columns() {
  return {
      {"ID", "id"},
      {"STATE", "state"},
      {"REASON", "reason"},
      {"EVENT", "event"},
      {"TYPE", "type", ColumnSpec::kLongText},
      {"ENDPOINT", "endpoint"},
      {"ATTEMPTS", "attempts_count"},
      {"WAITING FOR", "waiting_for"},
      {"DUE", "next_attempt_at", ColumnSpec::kTime},
      {"FINISHED", "finished_at", ColumnSpec::kTime}};
}

void print_object(Io& io, bool json, std::string_view body, std::string_view first) {
  const JsonView object(body);
  if (json || !object.is_object()) {
    io.out << json::minified(body) << '\n';
    return;
  }
  const bool has_attempts = object["attempts"].is_array();
  std::vector<Member> lines;
  std::vector<Member> sections;
  for (auto& member : object.members()) {
    // The last attempt is a row of the table of them all.
    if (has_attempts && (member.first == "attempts" || member.first == "last_attempt")) continue;
    auto& part = is_section(member) ? sections : lines;
    part.push_back(std::move(member));
  }
  std::stable_partition(lines.begin(), lines.end(), [&](const Member& member) {
    return member.first == first;
  });
  print_members(io, lines, "");
  for (const auto& [name, value] : sections) {
    io.out << printable(name) << ":\n";
    print_members(io, value.members(), "  ");
  }
  if (has_attempts) print_attempts(io, object["attempts"]);
}

Result<int> print_answer(
    Io& io, bool json, const Result<std::string>& answer, std::string_view first
) {
  if (!answer) return tl::unexpected(answer.error());
  print_object(io, json, *answer, first);
  return kExitDone;
}

Result<int> print_done(
    Io& io, bool json, const Result<std::string>& answer, std::string_view sentence
) {
  if (!answer) return tl::unexpected(answer.error());
  if (!json) {
    io.out << sentence << '\n';
  } else if (!answer->empty()) {
    io.out << json::minified(*answer) << '\n';
  }
  return kExitDone;
}

}  // namespace postrider::cli
