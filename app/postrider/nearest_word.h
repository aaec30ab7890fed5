// Finds the word that the user probably meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postrider::cli {

/// Returns the known word with the fewest inserted, deleted, changed or swapped letters. Returns an
/// empty text if that word differs in more than a third of the letters.
[[nodiscard]] std::string nearest_word(
    std::string_view word, const std::vector<std::string>& known
);

}  // namespace postrider::cli
