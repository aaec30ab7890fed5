#include "app/postrider/input.h"

#include <fstream>
#include <istream>
#include <iterator>

#include "json/raw_json.h"

namespace postrider::cli {

Result<std::string> read_argument(std::string_view argument, std::istream& in) {
  using Bytes = std::istreambuf_iterator<char>;
  if (argument == "-") return std::string(Bytes(in), Bytes());
  if (!argument.starts_with('@')) return std::string(argument);
  const std::string name(argument.substr(1));
  std::ifstream file(name, std::ios::binary);
  if (!file) return fail(Errc::kInvalidArgument, "cannot read the file " + name);
  std::string bytes{Bytes(file), Bytes()};
  if (file.bad()) return fail(Errc::kInvalidArgument, "cannot read the file " + name);
  return bytes;
}

Result<std::pair<std::string, std::string>> parse_header(const std::string& header) {
  const std::size_t colon = header.find(':');
  if (colon == std::string::npos || colon == 0) {
    return fail(Errc::kInvalidArgument, "--header is not of the form 'Name: value'");
  }
  const std::size_t value = header.find_first_not_of(" \t", colon + 1);
  return std::pair{
      header.substr(0, colon), value == std::string::npos ? std::string() : header.substr(value)};
}

Status check_json(std::string_view text, std::string_view what) {
  const auto parsed = json::parse_raw(text, {.levels = 0});
  if (parsed) return {};
  return fail(
      Errc::kInvalidArgument,
      std::string(what) + " is not one JSON value: " + parsed.error().context
  );
}

}  // namespace postrider::cli
