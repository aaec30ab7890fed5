// What commands on one kind of thing share: lists as tables, one thing in full.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/postrider/api.h"
#include "app/postrider/io.h"
#include "app/postrider/json_view.h"
#include "app/postrider/table.h"

namespace postrider::cli {

/// A column of a list.
struct ColumnSpec {
  std::string title;
  std::string member;  ///< that holds the value; an object is shown by its `id`
  enum class Kind { kText, kTime, kDuration } kind = Kind::kText;
  bool shrinks = false;
};

struct ListOptions {
  std::int64_t limit = 50;
  bool all = false;
};
void add_list_options(const Command& command, ListOptions& options);

/// Follows the cursors of `path` (with its query) and prints a table, or with --json one object per
/// line, exactly as the server sent it but for white space between tokens. An empty list says so.
[[nodiscard]] Result<int> print_list(
    Api& api,
    Io& io,
    const ApiOptions& api_options,
    const ListOptions& options,
    std::string_view path,
    const std::vector<ColumnSpec>& columns,
    std::string_view plural
);

/// The value of a column in `object`, for people.
[[nodiscard]] std::string cell_of(const JsonView& object, const ColumnSpec& column);

/// One object: its JSON with --json, else a line per member, what is in `…_details` below its name,
/// and where it has `attempts` a table of them with their response excerpts.
void print_object(Io& io, bool json, std::string_view body);

/// The usual end of a command that changes one thing: with --json the answer, else a sentence.
[[nodiscard]] Result<int> print_done(
    Io& io, bool json, const Result<std::string>& answer, std::string_view sentence
);

}  // namespace postrider::cli
