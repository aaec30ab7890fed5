// tidy ROOT: holds every file below ROOT against the rules. Ends with 1 when one is broken.
#include <cstdio>
#include <exception>
#include <string>

#include "tests/tidy/tidy.h"

namespace {

int report(const std::vector<postrider::tidy::Finding>& findings) {
  for (const auto& [path, line, message] : findings) {
    std::fprintf(stderr, "%s:%zu: %s\n", path.c_str(), line, message.c_str());
  }
  return static_cast<int>(findings.size());
}

int check(const std::string& root) {
  const auto files = postrider::tidy::read_tree(root);
  int findings = report(postrider::tidy::check_listed(files));
  for (const auto& file : files) findings += report(postrider::tidy::check_file(file));
  std::printf("%zu files, %d findings\n", files.size(), findings);
  return findings == 0 && !files.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: tidy ROOT\n", stderr);
    return 2;
  }
  try {
    return check(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tidy: %s\n", error.what());
    return 1;
  }
}
