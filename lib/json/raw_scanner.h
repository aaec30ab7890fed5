// Scans JSON tokens. Private to raw_json.cc.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace postrider::json {

/// Scans a text token by token. Keeps the first failure with its position; results of later calls
/// are meaningless. Does not own the text.
class Scanner {
 public:
  explicit Scanner(std::string_view text)
      : begin_(text.data()), at_(begin_), end_(begin_ + text.size()) {}

  [[nodiscard]] bool at_end() const { return at_ == end_; }
  /// The next byte; NUL at the end, because no token starts with NUL.
  [[nodiscard]] char peek() const { return at_ == end_ ? '\0' : *at_; }
  void advance() { ++at_; }
  [[nodiscard]] std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }
  [[nodiscard]] std::string_view since(std::size_t from) const {
    return {begin_ + from, offset() - from};
  }
  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  /// Consumes `word` if it is next.
  bool accept(std::string_view word);

  // Each consumes one token; false if it is not well-formed.
  bool string();
  bool number();
  bool boolean();
  bool null();

  void fail_here(std::string what);
  [[nodiscard]] bool failed() const { return !what_.empty(); }
  /// The first failure and its position, for people.
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
