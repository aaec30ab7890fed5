// Prints the server's responses: lists as tables, and single objects in full.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/postrider/api.h"
#include "app/postrider/io.h"
#include "app/postrider/json_view.h"

namespace postrider::cli {

/// A column of a list.
struct ColumnSpec {
  enum Kind {
    kText,
    kLongText,       ///< cut if the table is too wide, omitted if all rows are empty
    kTenant,         ///< omitted if every row has the default tenant
    kTime,           ///< a time: how long ago; with --wide the time itself
    kUrl,            ///< without its scheme unless --wide
    kEndpointUrl,    ///< the member is the id of an endpoint
    kState,          ///< state of an endpoint, with its reason
    kLastAttempt,    ///< result of a delivery's last attempt
    kNextAttempt,    ///< when a delivery is sent next, in words
    kEndpointLast,   ///< result of an endpoint's last attempt
    kEndpointTried,  ///< how long ago that attempt was
    kWaiting,        ///< number of an endpoint's pending deliveries
  };
  enum Shown { kAlways, kWide };

  std::string title;
  std::string member;  ///< path of the value, `a.b` for a member of a member; an object is shown by
                       ///< its `id`
  Kind kind = kText;
  Shown shown = kAlways;
};

struct ListOptions {
  ApiOptions api;
  std::int64_t limit = 50;
  bool all = false;
  bool wide = false;
};
/// Also adds the options of the API.
void add_list_options(const Command& command, ListOptions& options);

struct ListSpec {
  std::string path;  ///< including its query
  std::vector<ColumnSpec> columns;
  std::string plural;  ///< an empty list prints "no <plural>"
};

/// Follows the cursors and prints a table. With --json it prints one object per line as the server
/// sent it, without white space between tokens. A table fits the width of `io`; with --wide it has
/// every column and nothing is cut.
[[nodiscard]] Result<int> print_list(
    Api& api, Io& io, const ListOptions& options, const ListSpec& list
);

[[nodiscard]] std::vector<ColumnSpec> delivery_columns();

/// Prints one line of JSON that the server sent. On a terminal, control characters are escaped.
void print_json(Io& io, std::string_view json);

/// Returns the current time.
[[nodiscard]] WallTime now_of(const Io& io);

/// Prints one object: with --json its JSON, otherwise a line per member, with the member `first` on
/// top. Members of `…_details` are printed below its name. `attempts` are printed as a table with
/// their response excerpts.
void print_object(Io& io, bool json, std::string_view body, std::string_view first = {});

/// Ends a command that shows a response: calls print_object() unless the request failed.
[[nodiscard]] Result<int> print_answer(
    Io& io, bool json, const Result<std::string>& answer, std::string_view first = {}
);

/// Ends a command that changes one object: prints the response with --json, otherwise a sentence.
[[nodiscard]] Result<int> print_done(
    Io& io, bool json, const Result<std::string>& answer, std::string_view sentence
);

}  // namespace postrider::cli
