#include "app/postrider/listing.h"

#include <algorithm>
#include <limits>
#include <map>
#include <ostream>
#include <set>

#include "app/postrider/table.h"
#include "app/postrider/terminal_text.h"
#include "app/postrider/words.h"
#include "base/limits.h"
#include "json/raw_json.h"

namespace postrider::cli {
namespace {

/// The maximum width of the last response when it is shown in full, about one screen.
constexpr std::size_t kLastTextWidthMax = 1000;

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

/// Whether the member is a related object that is printed in full.
bool is_section(const Member& member) {
  return member.second.is_object() && member.first.ends_with("_details");
}

/// Returns the text of a line of `show`. Times and `waiting_for` are followed by an explanation.
std::string shown_value(const Io& io, const std::string& name, const JsonView& value) {
  std::string text = value.is_object() ? json::minified(value.raw()) : plain_value(value);
  if (text.empty()) return "-";
  if (looks_like_time(name)) {
    const std::string relative = relative_time(text, now_of(io));
    text = readable_time(text);
    return relative == text ? text : text + " (" + relative + ")";
  }
  if (name == "waiting_for") {
    const std::string_view sentence = waiting_sentence(text);
    if (!sentence.empty()) text.append(" (").append(sentence).append(")");
  }
  return text;
}

void print_members(Io& io, const std::vector<Member>& members, std::string_view indent) {
  std::size_t widest = 0;
  for (const auto& [name, value] : members) widest = std::max(widest, display_width(name));
  for (const auto& [name, value] : members) {
    io.out << indent << printable(name) << ':' << std::string(widest + 1 - display_width(name), ' ')
           << printable(shown_value(io, name, value)) << '\n';
  }
}

/// Prints a text of the last attempt in full, because the table of attempts may have cut it.
void print_in_full(Io& io, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  io.out << "last " << name << ": " << cut_to_width(printable(text), kLastTextWidthMax) << '\n';
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
       {"ERROR", Table::Column::kFirst},
       {"RESPONSE", Table::Column::kFirst}}
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
  const JsonView last = attempts.elements().back();
  print_in_full(io, "error", last["error"].text());
  print_in_full(io, "response", last["response_excerpt"].text());
}

/// Finds the URLs of endpoints. The first call requests a page of endpoints. Further calls request
/// one endpoint at a time, up to a bound.
class EndpointUrls {
 public:
  explicit EndpointUrls(Api& api) : api_(api) {}

  /// Returns the id if the URL cannot be read.
  std::string url_of(const std::string& id) {
    if (lookups_ == 0) read_page();
    const auto known = urls_.find(id);
    if (known != urls_.end()) return known->second;
    if (lookups_ > kLookupsMax) return id;
    ++lookups_;
    const auto body = api_.call("GET", path_of("endpoints", id));
    const bool deleted = !body && body.error().native == kNotFound;
    std::string url = body ? JsonView(*body)["url"].text() : deleted ? "(deleted)" : id;
    return urls_.emplace(id, std::move(url)).first->second;
  }

 private:
  static constexpr int kLookupsMax = 250;
  static constexpr int kNotFound = 404;

  void read_page() {
    lookups_ = 1;
    const auto body =
        api_.call("GET", "/v1/endpoints?limit=" + std::to_string(limits::kListLimitMax));
    if (!body) return;
    for (const JsonView& row : JsonView(*body)["data"].elements())
      urls_.emplace(row["id"].text(), row["url"].text());
  }

  Api& api_;
  std::map<std::string, std::string> urls_;
  int lookups_ = 0;
};

/// The input of cells besides their row.
struct CellContext {
  EndpointUrls& urls;
  WallTime now;
  bool wide = false;
};

JsonView member_at(JsonView object, std::string_view path) {
  while (!path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    object = object[path.substr(0, dot)];
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return object;
}

/// Returns the value of a column in `object` for people; empty if there is none.
std::string value_of(const JsonView& object, const ColumnSpec& column, const CellContext& context) {
  std::string text = plain_value(member_at(object, column.member));
  switch (column.kind) {
    case ColumnSpec::kTime:
      if (text.empty()) return text;
      return context.wide ? readable_time(text) : relative_time(text, context.now);
    case ColumnSpec::kUrl:
      return context.wide ? text : short_url(text);
    case ColumnSpec::kEndpointUrl:
      text = context.urls.url_of(text);
      return context.wide ? text : short_url(text);
    case ColumnSpec::kState:
      return endpoint_state_words(object);
    case ColumnSpec::kLastAttempt:
      return last_attempt_words(object);
    case ColumnSpec::kNextAttempt:
      return next_attempt_words(object, context.now);
    case ColumnSpec::kEndpointLast:
      return endpoint_last_words(object);
    case ColumnSpec::kEndpointTried: {
      const std::string at = endpoint_tried_at(object);
      return at.empty() ? at : relative_time(at, context.now);
    }
    case ColumnSpec::kWaiting:
      return waiting_count_words(object);
    case ColumnSpec::kText:
    case ColumnSpec::kLongText:
    case ColumnSpec::kTenant:
      break;
  }
  return text;
}

Table::Column::Cut cut_of(ColumnSpec::Kind kind) {
  switch (kind) {
    case ColumnSpec::kLongText:
    case ColumnSpec::kTenant:
    case ColumnSpec::kUrl:
    case ColumnSpec::kEndpointUrl:
      return Table::Column::kFirst;
    case ColumnSpec::kState:
    case ColumnSpec::kLastAttempt:
    case ColumnSpec::kNextAttempt:
    case ColumnSpec::kEndpointLast:
      return Table::Column::kLast;
    case ColumnSpec::kText:
    case ColumnSpec::kTime:
    case ColumnSpec::kEndpointTried:
    case ColumnSpec::kWaiting:
      break;
  }
  return Table::Column::kNever;
}

bool is_url(ColumnSpec::Kind kind) {
  return kind == ColumnSpec::kUrl || kind == ColumnSpec::kEndpointUrl;
}

/// The rows of a list as a table.
class ListTable {
 public:
  ListTable(Api& api, const Io& io, const ListSpec& list, bool wide)
      : urls_(api), now_(now_of(io)), wide_(wide) {
    for (const ColumnSpec& column : list.columns) {
      if (column.shown == ColumnSpec::kAlways || wide) columns_.push_back(column);
    }
  }

  void add(const JsonView& row) {
    const CellContext context{urls_, now_, wide_};
    std::vector<std::string> cells;
    cells.reserve(columns_.size());
    for (const ColumnSpec& column : columns_) {
      std::string cell = value_of(row, column, context);
      if (says_something(column, cell)) said_.insert(column.title);
      if (cell.empty()) cell = "-";
      cells.push_back(std::move(cell));
    }
    rows_.push_back(std::move(cells));
  }

  [[nodiscard]] bool empty() const { return rows_.empty(); }

  void print(Io& io) const {
    std::vector<Table::Column> titles;
    for (const ColumnSpec& column : columns_) {
      if (is_shown(column)) {
        titles.push_back({column.title, cut_of(column.kind), is_url(column.kind)});
      }
    }
    Table table(std::move(titles));
    for (const auto& row : rows_) {
      std::vector<std::string> cells;
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (is_shown(columns_[i])) cells.push_back(row[i]);
      }
      table.add(std::move(cells));
    }
    table.print(io.out, wide_ ? 0 : io.width);
  }

 private:
  static bool is_optional(const ColumnSpec& column) {
    return column.kind == ColumnSpec::kTenant || column.kind == ColumnSpec::kLongText ||
           column.kind == ColumnSpec::kEndpointLast || column.kind == ColumnSpec::kEndpointTried ||
           column.kind == ColumnSpec::kWaiting;
  }
  static bool says_something(const ColumnSpec& column, const std::string& cell) {
    return !cell.empty() && (column.kind != ColumnSpec::kTenant || cell != "default");
  }
  [[nodiscard]] bool is_shown(const ColumnSpec& column) const {
    return wide_ || !is_optional(column) || said_.contains(column.title);
  }

  EndpointUrls urls_;
  const WallTime now_;
  const bool wide_;
  std::set<std::string> said_;  // titles of the columns with a cell that is not empty
  std::vector<ColumnSpec> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// Follows the cursors of `path` until it has read the requested number of rows. Returns whether
/// there are more.
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
  command.number("limit", options.limit, {1, 1'000'000}, "Maximum number of rows, newest first");
  command.flag("all", options.all, "Show all, whatever --limit says");
  command.flag("wide", options.wide, "Show every column, with nothing cut");
  add_api_options(command, options.api);
}

WallTime now_of(const Io& io) {
  return io.clock == nullptr ? SystemClock().wall_now() : io.clock->wall_now();
}

void print_json(Io& io, std::string_view json) {
  const std::string line = json::minified(json);
  io.out << (io.out_is_terminal ? printable_json(line) : line) << '\n';
}

Result<int> print_list(Api& api, Io& io, const ListOptions& options, const ListSpec& list) {
  ListTable table(api, io, list, options.wide);
  const auto more = each_row(api, options, list.path, [&](const JsonView& row) {
    if (options.api.json) {
      print_json(io, row.raw());
    } else {
      table.add(row);
    }
  });
  if (!more) return tl::unexpected(more.error());
  if (options.api.json) return kExitDone;
  if (table.empty()) {
    io.out << "no " << list.plural << '\n';
    return kExitDone;
  }
  table.print(io);
  if (*more) io.err << "More rows are available: use --limit N or --all.\n";
  return kExitDone;
}

std::vector<ColumnSpec> delivery_columns() {
  using Column = ColumnSpec;
  return {
      {"ID", "id"},
      {"TENANT", "tenant", Column::kTenant},
      {"TYPE", "type", Column::kLongText},
      {"URL", "endpoint", Column::kEndpointUrl},
      {"STATE", "state"},
      {"REASON", "reason", Column::kText, Column::kWide},
      {"LAST", "last_attempt", Column::kLastAttempt},
      {"TRIED", "last_attempt.started_at", Column::kTime},
      {"NEXT", "next_attempt_at", Column::kNextAttempt},
      {"DUE", "next_attempt_at", Column::kTime, Column::kWide},
      {"ATTEMPTS", "attempts_count", Column::kText, Column::kWide},
      {"EVENT", "event", Column::kText, Column::kWide},
      {"ENDPOINT", "endpoint", Column::kText, Column::kWide},
      {"CREATED", "created_at", Column::kTime, Column::kWide},
      {"FINISHED", "finished_at", Column::kTime, Column::kWide}};
}

void print_object(Io& io, bool json, std::string_view body, std::string_view first) {
  const JsonView object(body);
  if (json || !object.is_object()) {
    print_json(io, body);
    return;
  }
  const bool has_attempts = object["attempts"].is_array();
  std::vector<Member> lines;
  std::vector<Member> sections;
  for (auto& member : object.members()) {
    // The last attempt is a row of the table of attempts.
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
    print_json(io, *answer);
  }
  return kExitDone;
}

}  // namespace postrider::cli
