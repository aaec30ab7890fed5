#include "json/raw_json.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "json/raw_scanner.h"

namespace postrider::json {
namespace {

constexpr std::uint32_t kNone = RawValue::kNone;

/// Up to here comparing every pair of names is cheaper than sorting them.
constexpr std::size_t kPairwiseMax = 16;

void mark_duplicates_pairwise(std::vector<RawValue>& values, std::uint32_t object) {
  for (auto later = object + 1; later < values.size(); later = values[later].end) {
    for (auto earlier = object + 1; earlier < later; earlier = values[earlier].end) {
      if (values[earlier].key == values[later].key) values[later].duplicate = true;
    }
  }
}

void mark_duplicates_sorted(std::vector<RawValue>& values, std::uint32_t object) {
  std::vector<std::uint32_t> members;
  for (auto i = object + 1; i < values.size(); i = values[i].end) members.push_back(i);
  const auto key = [&](std::uint32_t i) -> const std::string& { return values[i].key; };
  std::sort(members.begin(), members.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::pair{std::string_view{key(a)}, a} < std::pair{std::string_view{key(b)}, b};
  });
  for (std::size_t i = 1; i < members.size(); ++i) {
    if (key(members[i]) == key(members[i - 1])) values[members[i]].duplicate = true;
  }
}

/// Keeps the values of the outer levels while the parser walks through all.
class Recorder {
 public:
  explicit Recorder(const RawOptions& options) : options_(options) {}

  /// Whether the names of an object's members are wanted, `depth` being that of the members.
  [[nodiscard]] bool wants(std::size_t depth) const { return depth <= options_.levels; }

  void name(std::string_view text) { name_ = decode_string(text); }

  /// A value begins; `depth` is the number of containers around it.
  void begin(std::size_t depth, Kind kind) {
    if (depth > 0 && wants(depth - 1) && open_[depth - 1] != kNone) {
      ++document_.values[open_[depth - 1]].count;
    }
    if (!wants(depth)) return;
    open_.resize(depth + 1, kNone);
    open_[depth] = kNone;
    const auto parent = depth == 0 ? kNone : open_[depth - 1];
    if (document_.values.size() >= options_.values_max || (depth > 0 && parent == kNone)) {
      document_.truncated = true;
      return;
    }
    open_[depth] = static_cast<std::uint32_t>(document_.values.size());
    auto& value = document_.values.emplace_back();
    value.kind = kind;
    value.parent = parent;
    value.key = std::exchange(name_, {});
  }

  void end(std::size_t depth, std::string_view text) {
    if (!wants(depth) || open_[depth] == kNone) return;
    auto& values = document_.values;
    const auto index = open_[depth];
    values[index].text = text;
    values[index].end = static_cast<std::uint32_t>(values.size());
    if (values[index].kind != Kind::kObject || !wants(depth + 1)) return;
    if (values[index].count <= kPairwiseMax) {
      mark_duplicates_pairwise(values, index);
    } else {
      mark_duplicates_sorted(values, index);
    }
  }

  [[nodiscard]] RawDocument take() { return std::move(document_); }

 private:
  const RawOptions& options_;
  RawDocument document_;
  std::vector<std::uint32_t> open_;  ///< by depth: the recorded value that is open there
  std::string name_;
};

/// The grammar, as a loop over states: a deep text costs memory, never stack.
class Parser {
 public:
  Parser(std::string_view text, const RawOptions& options)
      : scan_(text), options_(options), recorder_(options) {}

  [[nodiscard]] Result<RawDocument> run() {
    if (scan_.accept("\xEF\xBB\xBF")) {
      scan_.fail_here("a byte order mark is not allowed");
    }
    State state = scan_.failed() ? State::kFailed : State::kValue;
    while (state == State::kValue || state == State::kAfter) {
      state = state == State::kValue ? value() : after();
    }
    if (state == State::kDone) {
      scan_.skip_space();
      if (scan_.at_end()) return recorder_.take();
      scan_.fail_here("nothing may follow the value");
    }
    return fail(Errc::kInvalidArgument, scan_.problem());
  }

 private:
  enum class State : std::uint8_t { kValue, kAfter, kDone, kFailed };

  State failed(const char* what) {
    scan_.fail_here(what);
    return State::kFailed;
  }

  [[nodiscard]] bool in_object() const { return containers_.back().object; }

  State value() {
    scan_.skip_space();
    switch (scan_.peek()) {
      case '{':
        return open(true);
      case '[':
        return open(false);
      case '"':
        return scalar(Kind::kString, &Scanner::string);
      case 't':
      case 'f':
        return scalar(Kind::kBool, &Scanner::boolean);
      case 'n':
        return scalar(Kind::kNull, &Scanner::null);
      default:
        return scalar(Kind::kNumber, &Scanner::number);
    }
  }

  State scalar(Kind kind, bool (Scanner::*read)()) {
    const auto from = scan_.offset();
    recorder_.begin(containers_.size(), kind);
    if (!(scan_.*read)()) return State::kFailed;
    recorder_.end(containers_.size(), scan_.since(from));
    return State::kAfter;
  }

  State open(bool object) {
    if (containers_.size() >= options_.depth_max) {
      scan_.fail_here(
          fmt::format("arrays and objects are nested more than {} deep", options_.depth_max)
      );
      return State::kFailed;
    }
    recorder_.begin(containers_.size(), object ? Kind::kObject : Kind::kArray);
    containers_.push_back({scan_.offset(), object});
    scan_.advance();
    scan_.skip_space();
    if (scan_.peek() == (object ? '}' : ']')) return close();
    return object ? member() : State::kValue;
  }

  State close() {
    scan_.advance();
    const auto from = containers_.back().from;
    containers_.pop_back();
    recorder_.end(containers_.size(), scan_.since(from));
    return State::kAfter;
  }

  State member() {
    if (scan_.peek() != '"') return failed("a member name in double quotes is expected");
    const auto from = scan_.offset();
    if (!scan_.string()) return State::kFailed;
    if (recorder_.wants(containers_.size())) recorder_.name(scan_.since(from));
    scan_.skip_space();
    if (scan_.peek() != ':') return failed("a colon is expected after the member name");
    scan_.advance();
    return State::kValue;
  }

  State after() {
    if (containers_.empty()) return State::kDone;
    scan_.skip_space();
    const bool object = in_object();
    if (scan_.peek() == (object ? '}' : ']')) return close();
    if (scan_.peek() != ',')
      return failed(object ? "a comma or } is expected" : "a comma or ] is expected");
    scan_.advance();
    scan_.skip_space();
    return object ? member() : State::kValue;
  }

  struct Container {
    std::size_t from;
    bool object;
  };

  Scanner scan_;
  const RawOptions& options_;
  Recorder recorder_;
  std::vector<Container> containers_;
};

}  // namespace

Result<RawDocument> parse_raw(std::string_view text, const RawOptions& options) {
  return Parser{text, options}.run();
}

}  // namespace postrider::json
