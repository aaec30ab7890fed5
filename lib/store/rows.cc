#include "store/rows.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace postrider {

std::string encode_channels(const std::vector<std::string>& channels) {
  if (channels.empty()) return {};
  return nlohmann::json(channels).dump();
}

std::vector<std::string> decode_channels(std::string_view text) {
  std::vector<std::string> channels;
  if (text.empty()) return channels;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_array()) return channels;
  for (const auto& channel : json) {
    if (channel.is_string()) channels.push_back(channel.get<std::string>());
  }
  return channels;
}

Error damaged_row(std::string_view what) {
  return {Errc::kCorrupt, 0, fmt::format("the database is damaged: {}", what)};
}

}  // namespace postrider
