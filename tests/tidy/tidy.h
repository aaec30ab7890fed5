// The rules of the house that neither the compilers nor clang-tidy can state, over the text of
// files.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::tidy {

struct SourceFile {
  std::string path;  ///< relative to the root of the sources, with slashes
  std::string text;
};

struct Finding {
  std::string path;
  std::size_t line = 0;  ///< from 1
  std::string message;

  bool operator==(const Finding&) const = default;
};

/// Everything that is wrong within one file.
[[nodiscard]] std::vector<Finding> check_file(const SourceFile& file);

/// The .cc files that no CMakeLists.txt in their folder or above names.
[[nodiscard]] std::vector<Finding> check_listed(const std::vector<SourceFile>& files);

/// The files below `root` that the rules are about; not what builds and installations leave there.
[[nodiscard]] std::vector<SourceFile> read_tree(const std::string& root);

/// `text` of the same length and with the same lines, where comments and the insides of string and
/// character literals are blanks.
[[nodiscard]] std::string code_only(std::string_view text);

}  // namespace postrider::tidy
