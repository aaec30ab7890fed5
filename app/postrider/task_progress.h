// Follows a task of the server until it ends.
#pragma once

#include <string>
#include <string_view>

#include "app/postrider/api.h"

namespace postrider::cli {

struct FollowOptions {
  bool no_wait = false;
};
void add_follow_options(const Command& command, FollowOptions& options);

/// `answer` is a 202 response with a task. Prints its progress to `err` until it is final, then the
/// task to `out`. Returns status 0 when it is done, 1 when it failed or was cancelled. Only Ctrl-C
/// ends it earlier, and the task continues.
[[nodiscard]] Result<int> follow_task(
    Api& api, Io& io, bool json, const FollowOptions& options, const Result<std::string>& answer
);

}  // namespace postrider::cli
