#include "bench/mark.h"

#include <array>
#include <charconv>

#include "base/assert.h"

namespace postrider::bench {
namespace {

constexpr std::string_view kNumberName = R"({"n":")";
constexpr std::string_view kInstantName = R"(","at":")";
constexpr std::string_view kFillName = R"(","fill":")";
constexpr std::string_view kEnd = R"("})";
constexpr std::size_t kNumberDigits = 10;
constexpr std::size_t kInstantDigits = 19;

// JSON numbers have no leading zeros, so numbers are strings of a fixed width, which can be found
// without a parser.
void append_padded(std::string& out, std::uint64_t value, std::size_t width) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  const auto count = static_cast<std::size_t>(end - digits.data());
  if (count < width) out.append(width - count, '0');
  out.append(digits.data(), count);
}

template <class T>
bool read_digits(std::string_view body, std::size_t at, std::size_t width, T& value) {
  if (at + width > body.size()) return false;
  const char* const begin = body.data() + at;
  return std::from_chars(begin, begin + width, value).ptr == begin + width;
}

}  // namespace

void append_marked_data(std::string& out, const Mark& mark, std::size_t bytes) {
  POSTRIDER_ASSERT(bytes >= kMarkBytesMin);
  const std::size_t begin = out.size();
  out += kNumberName;
  append_padded(out, mark.number, kNumberDigits);
  out += kInstantName;
  append_padded(out, static_cast<std::uint64_t>(mark.emitted_us), kInstantDigits);
  out += kFillName;
  out.append(bytes - (out.size() - begin) - kEnd.size(), 'x');
  out += kEnd;
}

bool find_mark(std::string_view body, Mark& mark) {
  const std::size_t found = body.find(kNumberName);
  if (found == std::string_view::npos) return false;
  const std::size_t number = found + kNumberName.size();
  const std::size_t instant = number + kNumberDigits + kInstantName.size();
  return read_digits(body, number, kNumberDigits, mark.number) &&
         read_digits(body, instant, kInstantDigits, mark.emitted_us);
}

}  // namespace postrider::bench
