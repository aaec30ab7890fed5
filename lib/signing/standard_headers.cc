#include "signing/standard_headers.h"

#include <fmt/format.h>

#include "base/assert.h"
#include "signing/timestamp.h"

namespace postrider::signing {
namespace {

std::vector<std::string_view> split(std::string_view list) {
  std::vector<std::string_view> entries;
  while (!list.empty()) {
    const std::size_t length = list.find(' ');
    entries.push_back(list.substr(0, length));
    list.remove_prefix(length == std::string_view::npos ? list.size() : length + 1);
  }
  return entries;
}

}  // namespace

Result<Signed> StandardHeaders::sign(
    std::span<const std::string_view> secrets,
    const Message& message,
    const SignatureMembers& /*members*/
) const {
  POSTRIDER_ASSERT(!secrets.empty());
  const std::string timestamp = std::to_string(message.timestamp_s);
  const Content content{.id = message.id, .timestamp = timestamp, .body = message.body};
  std::string signatures;
  for (const std::string_view secret : secrets) {
    // Receivers' libraries fail on two spaces or a trailing space.
    if (!signatures.empty()) signatures += ' ';
    const auto one = entry(secret, content);
    if (!one) return tl::unexpected<Error>(one.error());
    signatures += *one;
  }
  Headers headers = identify(message);
  if (names_.id != headers.front().first) {
    headers.emplace_back(names_.id, message.id);
    headers.emplace_back(names_.timestamp, timestamp);
  }
  headers.emplace_back(names_.signature, std::move(signatures));
  return Signed{.headers = std::move(headers)};
}

Status StandardHeaders::verify(
    std::string_view key, const Received& received, const SignatureMembers& /*members*/
) const {
  const std::string* id = find_header(received.headers, names_.id);
  const std::string* timestamp = find_header(received.headers, names_.timestamp);
  const std::string* signatures = find_header(received.headers, names_.signature);
  if (id == nullptr || timestamp == nullptr || signatures == nullptr) {
    return fail(
        Errc::kInvalidArgument,
        fmt::format("{}, {} or {} is missing", names_.id, names_.timestamp, names_.signature)
    );
  }
  const auto signed_at = parse_timestamp(*timestamp, names_.timestamp);
  if (!signed_at) return tl::unexpected<Error>(signed_at.error());
  const auto found = has_entry_of(
      key, split(*signatures), {.id = *id, .timestamp = *timestamp, .body = received.body}
  );
  if (!found) return tl::unexpected<Error>(found.error());
  if (!*found) {
    return fail(
        Errc::kInvalidArgument, fmt::format("no signature in {} matches", names_.signature)
    );
  }
  return check_near(*signed_at, received, names_.timestamp);
}

}  // namespace postrider::signing
