// The tokens of JSON, for raw_json.cc alone.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace postrider::json {

/// Walks over a text token by token. The first failure is kept with its place; what is called after
/// it has no meaning. Does not own the text.
class Scanner {
 public:
  explicit Scanner(std::string_view text)
      : begin_(text.data()), at_(begin_), end_(begin_ + text.size()) {}

  [[nodiscard]] bool at_end() const { return at_ == end_; }
  /// The byte ahead; a NUL at the end, as a NUL in the text begins no token either.
  [[nodiscard]] char peek() const { return at_ == end_ ? '\0' : *at_; }
  void advance() { ++at_; }
  [[nodiscard]] std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }
  [[nodiscard]] std::string_view since(std::size_t from) const {
    return {begin_ + from, offset() - from};
  }
  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  /// Takes `word` if it is ahead.
  bool accept(std::string_view word);

  // Each takes one token from its first byte on; false when it is not well-formed.
  bool string();
  bool number();
  bool boolean();
  bool null();

  void fail_here(std::string what);
  [[nodiscard]] bool failed() const { return !what_.empty(); }
  /// What failed and where, for people.
  [[nodiscard]] std::string problem() const;

 private:
  bool fail_at(const char* where, const char* what);
  bool escape();
  bool hex4(unsigned& unit);
  bool utf8();
  bool digits(const char* what);
  void skip_plain();

  const char* begin_;
  const char* at_;
  const char* end_;
  const char* failed_at_ = nullptr;
  std::string what_;
};

}  // namespace postrider::json
