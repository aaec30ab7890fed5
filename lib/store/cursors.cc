#include "store/cursors.h"

#include <charconv>

namespace postrider {
namespace {

constexpr int kBase = 36;

void add_number(std::string& text, std::int64_t number) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), number, kBase).ptr;
  text.append(digits.data(), end);
}

/// Removes a number from the front of `text`. Returns false if there is none.
bool take_number(std::string_view& text, std::int64_t& number) {
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number, kBase);
  if (parsed.ec != std::errc{} || number < 0) return false;
  text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
  return true;
}

}  // namespace

std::string id_cursor(std::int64_t id) {
  std::string text;
  add_number(text, id);
  return text;
}

std::string position_cursor(const ListPosition& place) {
  std::string text;
  add_number(text, place.at_ms);
  text += '.';
  add_number(text, place.id);
  return text;
}

Result<std::int64_t> id_before(std::string_view cursor, std::int64_t first) {
  if (cursor.empty()) return first;
  std::int64_t id = 0;
  if (!take_number(cursor, id) || !cursor.empty()) return fail(Errc::kInvalidArgument, "cursor");
  return id;
}

Result<ListPosition> position_at(std::string_view cursor, const ListPosition& first) {
  if (cursor.empty()) return first;
  ListPosition place;
  const bool valid = take_number(cursor, place.at_ms) && cursor.starts_with('.');
  if (valid) cursor.remove_prefix(1);
  if (!valid || !take_number(cursor, place.id) || !cursor.empty())
    return fail(Errc::kInvalidArgument, "cursor");
  return place;
}

}  // namespace postrider
