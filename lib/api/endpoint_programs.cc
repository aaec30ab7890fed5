#include "api/endpoint_programs.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace postrider::api {
namespace {

/// Where each program stands, with its text; empty ones are none.
std::vector<std::pair<std::string, std::string>> programs_in(const EndpointConfig& config) {
  std::vector<std::pair<std::string, std::string>> programs = {
      {"/filter", config.filter},
      {"/transform", config.transform},
      {"/destination/template", config.destination.message_template}};
  for (const auto& value : config.destination.values) {
    const std::size_t index = programs.size() - 3;
    programs.emplace_back(pointer_to("/destination/values", index), value);
  }
  return programs;
}

}  // namespace

Status check_programs(
    ProgramRunner& runner,
    const EndpointConfig& config,
    const EndpointConfig* before,
    FieldErrors& errors
) {
  const auto known = before == nullptr ? decltype(programs_in(config)){} : programs_in(*before);
  for (const auto& member : programs_in(config)) {
    const auto& [pointer, program] = member;
    if (program.empty() || std::find(known.begin(), known.end(), member) != known.end()) continue;
    Status compiled = runner.check(program);
    if (compiled) continue;
    if (compiled.error().code != Errc::kInvalidArgument) return compiled;
    errors.push_back({pointer, "jq rejected the program: " + compiled.error().context});
  }
  return {};
}

}  // namespace postrider::api
