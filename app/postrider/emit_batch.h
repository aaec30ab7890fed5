// `emit --batch`: events from a file or standard input, one per line.
#pragma once

#include <optional>
#include <string>

#include "app/postrider/api.h"

namespace postrider::cli {

struct BatchOptions {
  std::string source;  ///< a file name, or - for standard input
  /// The key of each request is this key, a hyphen and its number. Equal input is split in one way,
  /// so a second run repeats the requests of the first.
  std::optional<std::string> idempotency_key;
  bool json = false;
};

/// Sends the lines in as few requests as the server's limits allow. A request is accepted or
/// rejected as a whole. The first rejected request ends the command. Errors name the line.
[[nodiscard]] Result<int> emit_batch(Api& api, Io& io, const BatchOptions& options);

}  // namespace postrider::cli
