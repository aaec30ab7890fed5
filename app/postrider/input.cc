#include "app/postrider/input.h"

#include <fstream>
#include <istream>
#include <iterator>

#include "app/postrider/json_view.h"

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

Status check_json(std::string_view json, std::string_view what) {
  if (is_one_json_value(json)) return {};
  return fail(Errc::kInvalidArgument, std::string(what) + " is not one JSON value");
}

}  // namespace postrider::cli
