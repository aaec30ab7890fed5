// Bulk work: a task of the server, followed until it ends.
#pragma once

#include <string>
#include <string_view>

#include "app/postrider/api.h"

namespace postrider::cli {

struct FollowOptions {
  bool no_wait = false;
};
void add_follow_options(const Command& command, FollowOptions& options);

/// `answer`: a 202 with a task. Shows its progress on `err` until it is final, then the task on
/// `out`. Status 0 when it is done, 1 when it failed or was cancelled. Ends early only by Ctrl-C,
/// which leaves the task running.
[[nodiscard]] Result<int> follow_task(
    Api& api, Io& io, bool json, const FollowOptions& options, const Result<std::string>& answer
);

}  // namespace postrider::cli
