#include "tests/tidy/tidy.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "tests/tidy/rules.h"

namespace postrider::tidy {
namespace {

constexpr std::size_t kColumnsMax = 100;
constexpr std::size_t kLinesMax = 500;

/// Joined here so that the rule does not find itself.
constexpr std::string_view kToDo =
    "TO"
    "DO";
constexpr std::string_view kFixMe =
    "FIX"
    "ME";

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

bool ends_with_any(std::string_view path, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(), [&](auto end) { return path.ends_with(end); });
}

bool is_cpp(std::string_view path) { return ends_with_any(path, {".h", ".cc"}); }
bool is_cmake(std::string_view path) { return ends_with_any(path, {".cmake", "CMakeLists.txt"}); }

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string_view trimmed(std::string_view line) {
  const std::size_t start = line.find_first_not_of(" \t");
  return start == std::string_view::npos ? std::string_view{} : line.substr(start);
}

/// Characters of UTF-8 text: every byte but those that continue one.
std::size_t columns(std::string_view line) {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), begins));
}

/// Whether `code` stands in `line`; what begins with a letter only where a word begins.
bool contains_code(std::string_view line, std::string_view code) {
  for (std::size_t at = line.find(code); at != std::string_view::npos;
       at = line.find(code, at + 1)) {
    if (at == 0 || !is_word(code.front()) || !is_word(line[at - 1])) return true;
  }
  return false;
}

/// Whether the lower-case `word` stands in `line` by itself, in any case.
bool contains_word(std::string_view line, std::string_view word) {
  const auto is_same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == b;
  };
  auto from = line.begin();
  while (true) {
    const auto at = std::search(from, line.end(), word.begin(), word.end(), is_same);
    if (at == line.end()) return false;
    const auto end = at + static_cast<std::ptrdiff_t>(word.size());
    const bool starts = at == line.begin() || !is_word(*(at - 1));
    if (starts && (end == line.end() || !is_word(*end))) return true;
    from = at + 1;
  }
}

/// Whether a line of code begins a variable that lives as long as the process and can change.
bool is_mutable_static(std::string_view line) {
  line = trimmed(line);
  if (line.starts_with("thread_local ")) return true;
  if (line.starts_with("inline ")) line.remove_prefix(std::string_view{"inline "}.size());
  if (!line.starts_with("static ")) return false;
  const std::size_t end = line.find_first_of("(={;");
  // A parenthesis that comes first begins a function. So does a line without these characters.
  if (end == std::string_view::npos || line[end] == '(') return false;
  const std::string_view declaration = line.substr(0, end);
  return !contains_code(declaration, "const") && !contains_code(declaration, "constexpr");
}

class Checker {
 public:
  explicit Checker(const SourceFile& file)
      : file_(file), code_(is_cpp(file.path) ? code_only(file.text) : std::string{}) {}

  std::vector<Finding> run() {
    const auto lines = lines_of(file_.text);
    if (is_cpp(file_.path) || is_cmake(file_.path)) check_width(lines);
    if (!file_.path.starts_with("tests/tidy/")) {
      check_notes(lines);
      check_words(lines);
    }
    if (is_cpp(file_.path)) {
      check_cpp(lines, lines_of(code_));
    } else if (file_.path.ends_with(".md")) {
      check_title(lines);
    } else if (file_.path.ends_with("package-lock.json")) {
      check_lock(lines);
    } else if (file_.path.ends_with(".npmrc")) {
      check_npmrc(lines);
    }
    const bool program = ends_with_any(file_.path, {".py", ".js", ".mjs", ".ts", ".sh"});
    if ((program || is_cpp(file_.path) || is_cmake(file_.path)) && lines.size() > kLinesMax) {
      add(lines.size(), "has more than 500 lines");
    }
    return std::move(findings_);
  }

 private:
  void add(std::size_t line, std::string message) {
    findings_.push_back({file_.path, line, std::move(message)});
  }

  void check_width(const std::vector<std::string_view>& lines) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (columns(lines[i]) > kColumnsMax) add(i + 1, "is longer than 100 columns");
    }
  }

  /// Notes for later name their kind and issue: (perf #12).
  void check_notes(const std::vector<std::string_view>& lines) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (contains_code(lines[i], kFixMe)) add(i + 1, std::string{kFixMe} + ": fix it");
      const std::size_t at = lines[i].find(kToDo);
      if (at == std::string_view::npos || !contains_code(lines[i], kToDo)) continue;
      const std::string_view rest = lines[i].substr(at + kToDo.size());
      const std::size_t number = rest.find(" #");
      const std::size_t close = rest.find(')');
      const bool named = rest.starts_with("(") && number != std::string_view::npos && number > 1 &&
                         number + 2 < close && close != std::string_view::npos;
      if (!named) add(i + 1, std::string{kToDo} + " needs its kind and issue: (kind #N)");
    }
  }

  /// Words and forms that made sentences hard to read. Released migrations may not change.
  void check_words(const std::vector<std::string_view>& lines) {
    const bool prose = is_cpp(file_.path) || ends_with_any(file_.path, {".md", ".mjs", ".sql"});
    if (!prose || file_.path.starts_with("migrations/")) return;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      for (const auto& [word, instead] : words_to_avoid()) {
        if (contains_word(lines[i], word)) {
          add(i + 1, std::string{word} + ": write " + std::string{instead});
        }
      }
      const std::string_view comment = trimmed(lines[i]);
      if (comment.starts_with("/// Of ") || comment.starts_with("// Of ")) {
        add(i + 1, "a comment that begins with Of: say what it is");
      }
    }
  }

  void check_cpp(
      const std::vector<std::string_view>& lines, const std::vector<std::string_view>& code
  ) {
    for (std::size_t i = 0; i < code.size(); ++i) {
      for (const auto& banned : banned_code()) {
        if (contains_code(code[i], banned.code) && !allows(banned)) {
          add(i + 1, std::string{banned.code} + ": " + std::string{banned.instead});
        }
      }
      const bool excused = lines[i].find("// tidy: mutable-static (") != std::string_view::npos;
      if (!excused && is_mutable_static(code[i])) {
        add(i + 1, "mutable static: give it an owner, or `// tidy: mutable-static (reason)`");
      }
    }
    const bool header = file_.path.ends_with(".h");
    if (header && file_.text.find("#pragma once\n") == std::string::npos) {
      add(1, "has no #pragma once");
    }
  }

  [[nodiscard]] bool allows(const BannedCode& banned) const {
    return std::any_of(banned.allowed.begin(), banned.allowed.end(), [&](std::string_view place) {
      return !place.empty() && file_.path.starts_with(place);
    });
  }

  void check_title(const std::vector<std::string_view>& lines) {
    bool fenced = false;
    std::size_t titles = 0;
    for (const std::string_view line : lines) {
      if (trimmed(line).starts_with("```")) fenced = !fenced;
      if (!fenced && line.starts_with("# ")) ++titles;
    }
    if (titles != 1) add(1, "has " + std::to_string(titles) + " titles (#) instead of one");
  }

  /// Where packages come from is each machine's business. Links of kind "url" are for readers.
  void check_lock(const std::vector<std::string_view>& lines) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string_view line = trimmed(lines[i]);
      const bool link = line.starts_with("\"url\":");
      const bool address = line.find("://") != std::string_view::npos && !link;
      if (address || line.find("\"resolved\"") != std::string_view::npos) {
        add(i + 1, "names a registry; lock with omit-lockfile-registry-resolved");
      }
    }
  }

  void check_npmrc(const std::vector<std::string_view>& lines) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].find("://") != std::string_view::npos) add(i + 1, "names a registry");
    }
  }

  const SourceFile& file_;
  const std::string code_;
  std::vector<Finding> findings_;
};

/// Blanks what is not code; see code_only.
class Blanker {
 public:
  explicit Blanker(std::string_view text) : text_(text), out_(text) {}

  std::string run() {
    while (at_ < text_.size()) {
      if (next_is("//")) {
        blank_until(text_.find('\n', at_));
      } else if (next_is("/*")) {
        const std::size_t end = text_.find("*/", at_ + 2);
        blank_until(end == std::string_view::npos ? end : end + 2);
      } else if (next_is("R\"") && (at_ == 0 || !is_word(text_[at_ - 1]))) {
        raw_string();
      } else if (text_[at_] == '"' || (text_[at_] == '\'' && !digit_separator())) {
        literal(text_[at_]);
      } else {
        ++at_;
      }
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool next_is(std::string_view word) const {
    return text_.substr(at_, word.size()) == word;
  }

  /// 10'000, not 'x'.
  [[nodiscard]] bool digit_separator() const {
    return at_ > 0 && std::isxdigit(static_cast<unsigned char>(text_[at_ - 1])) != 0;
  }

  void blank_until(std::size_t end) {
    for (end = std::min(end, text_.size()); at_ < end; ++at_) {
      if (text_[at_] != '\n') out_[at_] = ' ';
    }
  }

  void raw_string() {
    const std::size_t open = text_.find('(', at_);
    if (open == std::string_view::npos) return blank_until(open);
    const std::string close = ")" + std::string{text_.substr(at_ + 2, open - at_ - 2)} + "\"";
    const std::size_t end = text_.find(close, open);
    blank_until(end == std::string_view::npos ? end : end + close.size());
  }

  void literal(char quote) {
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote && text_[end] != '\n') {
      end += text_[end] == '\\' ? 2U : 1U;
    }
    ++at_;
    blank_until(end);
    at_ = std::min(at_ + 1, text_.size());
  }

  std::string_view text_;
  std::string out_;
  std::size_t at_ = 0;
};

/// Whether a list of CMake names `source`, outside of comments.
bool names(std::string_view list, std::string_view source) {
  for (const std::string_view line : lines_of(list)) {
    const std::string_view code = line.substr(0, line.find('#'));
    for (std::size_t at = code.find(source); at != std::string_view::npos;
         at = code.find(source, at + 1)) {
      const std::size_t end = at + source.size();
      const bool starts = at == 0 || std::string_view{" \t("}.find(code[at - 1]) != code.npos;
      const bool ends = end == code.size() || std::string_view{" \t)"}.find(code[end]) != code.npos;
      if (starts && ends) return true;
    }
  }
  return false;
}

bool is_left_out(std::string_view name) {
  constexpr std::array<std::string_view, 3> kNames = {"build", "node_modules", ".git"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

}  // namespace

std::vector<Finding> check_file(const SourceFile& file) { return Checker{file}.run(); }

std::vector<Finding> check_listed(const std::vector<SourceFile>& files) {
  std::vector<Finding> findings;
  for (const auto& source : files) {
    if (!source.path.ends_with(".cc")) continue;
    const bool listed = std::any_of(files.begin(), files.end(), [&](const SourceFile& list) {
      constexpr std::string_view kList = "CMakeLists.txt";
      if (!list.path.ends_with(kList)) return false;
      const auto folder = list.path.substr(0, list.path.size() - kList.size());
      // Shared support of tests is named from the root of the tree.
      return names(list.text, "${CMAKE_SOURCE_DIR}/" + source.path) ||
             (source.path.starts_with(folder) && names(list.text, source.path.substr(folder.size()))
             );
    });
    if (!listed) findings.push_back({source.path, 1, "is named by no CMakeLists.txt"});
  }
  return findings;
}

std::vector<SourceFile> read_tree(const std::string& root) {
  namespace fs = std::filesystem;
  std::vector<SourceFile> files;
  auto entry = fs::recursive_directory_iterator{root};
  for (; entry != fs::recursive_directory_iterator{}; ++entry) {
    if (entry->is_directory() && is_left_out(entry->path().filename().string())) {
      entry.disable_recursion_pending();
    }
    const std::string path = entry->path().lexically_relative(root).generic_string();
    const bool text = ends_with_any(
        path,
        {".h",
         ".cc",
         ".cmake",
         ".txt",
         ".md",
         ".sql",
         ".sh",
         ".py",
         ".js",
         ".mjs",
         ".ts",
         ".json",
         ".npmrc",
         ".html",
         ".css"}
    );
    if (!text || !entry->is_regular_file()) continue;
    std::ifstream stream{entry->path(), std::ios::binary};
    files.push_back({path, {std::istreambuf_iterator<char>{stream}, {}}});
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
    return a.path < b.path;
  });
  return files;
}

std::string code_only(std::string_view text) { return Blanker{text}.run(); }

}  // namespace postrider::tidy
