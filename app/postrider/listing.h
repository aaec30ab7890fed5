// How what the server answered is shown: lists as tables, one thing in full.
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
    kLongText,       ///< cut where the table is too wide, left out where no row has any
    kTenant,         ///< left out where every row has the default tenant
    kTime,           ///< an instant: how long ago; with --wide the instant
    kUrl,            ///< without its scheme unless --wide
    kEndpointUrl,    ///< the member is the id of an endpoint
    kState,          ///< of an endpoint: with its reason
    kLastAttempt,    ///< of a delivery: what came back
    kNextAttempt,    ///< of a delivery: when it is sent next, in words
    kEndpointLast,   ///< of an endpoint: what came back last
    kEndpointTried,  ///< of an endpoint: how long ago that was
    kWaiting,        ///< of an endpoint: how many deliveries are pending
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
/// Adds those of the API, too.
void add_list_options(const Command& command, ListOptions& options);

struct ListSpec {
  std::string path;  ///< with its query
  std::vector<ColumnSpec> columns;
  std::string plural;  ///< "no <plural>" is said of an empty list
};

/// Follows the cursors and prints a table, or with --json one object per line as the server sent it
/// but for white space between tokens. A table fits the width of `io`; with --wide it has every
/// column and nothing is cut.
[[nodiscard]] Result<int> print_list(
    Api& api, Io& io, const ListOptions& options, const ListSpec& list
);

[[nodiscard]] std::vector<ColumnSpec> delivery_columns();

/// One line of JSON that the server sent. On a terminal what the terminal would act on is escaped.
void print_json(Io& io, std::string_view json);

/// The present time.
[[nodiscard]] WallTime now_of(const Io& io);

/// One object: its JSON with --json, else a line per member with the member `first` on top, what is
/// in `…_details` below its name, and where it has `attempts` a table of them with their response
/// excerpts.
void print_object(Io& io, bool json, std::string_view body, std::string_view first = {});

/// The end of a command that shows what came back: print_object() unless it failed.
[[nodiscard]] Result<int> print_answer(
    Io& io, bool json, const Result<std::string>& answer, std::string_view first = {}
);

/// The end of a command that changes one thing: with --json the answer, else a sentence.
[[nodiscard]] Result<int> print_done(
    Io& io, bool json, const Result<std::string>& answer, std::string_view sentence
);

}  // namespace postrider::cli
