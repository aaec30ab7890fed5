// `emit --batch`: events from a file or standard input, one per line.
#pragma once

#include <optional>
#include <string>

#include "app/postrider/api.h"

namespace postrider::cli {

struct BatchOptions {
  std::string source;  ///< a file name, or - for standard input
  /// Each request has this key, a hyphen and its number: the same input is split in the same way,
  /// so a second run repeats the requests of the first.
  std::optional<std::string> idempotency_key;
  bool json = false;
};

/// Sends the lines in as few requests as the server's limits allow. A request is accepted as a
/// whole or refused as a whole; the first one that is refused ends the command. Errors name the
/// line.
[[nodiscard]] Result<int> emit_batch(Api& api, Io& io, const BatchOptions& options);

}  // namespace postrider::cli
