#include "domain/event.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/limits.h"

namespace postrider {
namespace {

bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
bool is_word(char c) { return is_alnum(c) || c == '.' || c == '_' || c == '-'; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

void add(FieldErrors& errors, std::string_view pointer, std::string detail) {
  errors.push_back({std::string{pointer}, std::move(detail)});
}

}  // namespace

void check_event_type(std::string_view type, std::string_view pointer, FieldErrors& errors) {
  const bool fits = !type.empty() && type.size() <= limits::kTypeLengthMax &&
                    (is_alnum(type.front()) || type.front() == '_') &&
                    std::all_of(type.begin(), type.end(), is_word);
  if (!fits) {
    add(errors,
        pointer,
        "must be 1 to 128 of A-Z a-z 0-9 . _ - and begin with a letter, a digit or _, for example "
        "order.created");
    return;
  }
  if (type.back() == '.' || type.find("..") != std::string_view::npos) {
    add(errors, pointer, "has an empty part between its dots");
  }
}

void check_tenant(std::string_view tenant, std::string_view pointer, FieldErrors& errors) {
  const bool fits = !tenant.empty() && tenant.size() <= limits::kTenantLengthMax &&
                    std::all_of(tenant.begin(), tenant.end(), is_word);
  if (!fits) add(errors, pointer, "must be 1 to 128 of A-Z a-z 0-9 . _ -");
}

void check_channels(
    const std::vector<std::string>& channels, std::string_view pointer, FieldErrors& errors
) {
  if (channels.size() > limits::kChannelsMax) {
    add(errors, pointer, "has more than 16 channels");
    return;
  }
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const auto& channel = channels[i];
    const bool fits = !channel.empty() && channel.size() <= limits::kChannelLengthMax &&
                      std::none_of(channel.begin(), channel.end(), is_control);
    if (!fits) {
      add(errors,
          std::string{pointer} + "/" + std::to_string(i),
          "must be 1 to 128 characters without control characters");
    }
  }
}

void check_ordering_key(std::string_view key, std::string_view pointer, FieldErrors& errors) {
  const bool fits = !key.empty() && key.size() <= limits::kOrderingKeyLengthMax &&
                    std::none_of(key.begin(), key.end(), is_control);
  if (!fits) add(errors, pointer, "must be 1 to 255 bytes without control characters");
}

bool is_idempotency_key(std::string_view key) {
  return !key.empty() && key.size() <= limits::kIdempotencyKeyLengthMax &&
         std::all_of(key.begin(), key.end(), is_printable_ascii);
}

bool is_traceparent(std::string_view text) {
  // version "-" trace id (32) "-" parent id (16) "-" flags (2)
  constexpr std::size_t kLength = 2 + 1 + 32 + 1 + 16 + 1 + 2;
  if (text.size() < kLength || text.size() > limits::kTraceparentLengthMax) return false;
  if (text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  const auto hex = [&](std::size_t from, std::size_t count) {
    const auto part = text.substr(from, count);
    return std::all_of(part.begin(), part.end(), is_lower_hex);
  };
  if (!hex(0, 2) || !hex(3, 32) || !hex(36, 16) || !hex(53, 2) || text.starts_with("ff"))
    return false;
  const auto rest = text.substr(kLength);
  if (text.starts_with("00")) return rest.empty();
  return rest.empty() ||
         (rest.front() == '-' && std::all_of(rest.begin(), rest.end(), is_printable_ascii));
}

bool is_tracestate(std::string_view text) {
  return text.size() <= limits::kTracestateLengthMax &&
         std::all_of(text.begin(), text.end(), is_printable_ascii);
}

}  // namespace postrider
