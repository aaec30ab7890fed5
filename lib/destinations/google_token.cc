#include "destinations/google_token.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "crypto/encoding.h"
#include "crypto/keys.h"

namespace postrider::destinations {
namespace {

constexpr std::string_view kFormStart =
    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
constexpr std::int64_t kLifetimeS = 3600;
constexpr std::size_t kErrorLengthMax = 64;
constexpr std::size_t kDescriptionLengthMax = 254;
constexpr std::size_t kWordLengthMax = 63;

Result<crypto::PrivateKey> key_of(const ServiceAccount& account) {
  auto key = crypto::PrivateKey::from_pem(crypto::KeyKind::kRsa, account.private_key);
  if (!key) return fail(Errc::kInvalidArgument, "private_key " + key.error().context);
  return key;
}

/// Returns a segment of a JWT.
std::string segment_of(const nlohmann::ordered_json& value) {
  // Bytes that are not UTF-8 would throw otherwise.
  constexpr auto kReplace = nlohmann::ordered_json::error_handler_t::replace;
  return crypto::base64url_encode(value.dump(-1, ' ', false, kReplace));
}

/// Returns the member if `object` is an object that has it as a string; otherwise null.
const std::string* text_member(const nlohmann::json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
}

nlohmann::json parsed(std::string_view text) { return nlohmann::json::parse(text, nullptr, false); }

bool is_token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

/// Returns the expiry in milliseconds; nullopt when `token` is not a JWT with that claim.
std::optional<double> expiry_claim_of(std::string_view token) {
  const std::size_t first = token.find('.');
  const std::size_t second = token.rfind('.');
  if (first == std::string_view::npos || first == second) return {};
  const auto payload = crypto::base64url_decode(token.substr(first + 1, second - first - 1));
  if (!payload) return {};
  const nlohmann::json claims = parsed(*payload);
  if (!claims.is_object()) return {};
  const auto exp = claims.find("exp");
  if (exp == claims.end() || !exp->is_number()) return {};
  return exp->get<double>() * 1000;
}

/// Truncates to `length_max` and replaces words that might be a key or a token.
std::string told(std::string_view text, std::size_t length_max) {
  std::string out;
  while (!text.empty() && out.size() < length_max) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (!out.empty()) out += ' ';
    if (word.size() > kWordLengthMax) {
      out += "[...]";
      continue;
    }
    for (const char c : word) out += c > ' ' && c < '\x7f' ? c : '?';
  }
  if (out.size() > length_max) out.resize(length_max);
  return out;
}

}  // namespace

Status check_service_account(const ServiceAccount& account) {
  if (account.client_email.empty())
    return fail(Errc::kInvalidArgument, "client_email must not be empty");
  const auto key = key_of(account);
  if (!key) return tl::unexpected<Error>(key.error());
  if (auto checked = key->check(); !checked)
    return fail(Errc::kInvalidArgument, "private_key " + checked.error().context);
  return {};
}

Result<std::string> token_request_body(
    const ServiceAccount& account,
    std::string_view audience,
    std::string_view token_url,
    WallTime now
) {
  const auto key = key_of(account);
  if (!key) return tl::unexpected<Error>(key.error());
  const std::int64_t issued_at = unix_ms(now) / 1000;
  nlohmann::ordered_json header = {{"alg", "RS256"}, {"typ", "JWT"}};
  if (!account.private_key_id.empty()) header["kid"] = account.private_key_id;
  const nlohmann::ordered_json claims = {
      {"iss", account.client_email},
      {"sub", account.client_email},
      {"aud", token_url},
      {"target_audience", audience},
      {"iat", issued_at},
      {"exp", issued_at + kLifetimeS}};
  const std::string message = segment_of(header) + '.' + segment_of(claims);
  std::string form{kFormStart};
  form += message;
  form += '.';
  form += crypto::base64url_encode(key->sign(message));
  return form;
}

Result<IdToken> parse_token_answer(std::string_view body, WallTime now) {
  const nlohmann::json answer = parsed(body);
  const std::string* token = text_member(answer, "id_token");
  if (token == nullptr) return fail(Errc::kInvalidArgument, "the answer has no id_token");
  if (token->size() > limits::kHeaderValueLengthMax)
    return fail(Errc::kInvalidArgument, "the id_token is too long");
  const auto claim_ms = expiry_claim_of(*token);
  if (!claim_ms || !std::all_of(token->begin(), token->end(), is_token_char))
    return fail(Errc::kInvalidArgument, "the id_token is no JWT that says when it expires");
  const std::int64_t now_ms = unix_ms(now);
  // The claim is compared as a double, because a number such as 1e300 does not fit into an integer.
  if (*claim_ms <= static_cast<double>(now_ms))
    return fail(Errc::kInvalidArgument, "the id_token has expired: is the clock right?");
  const std::int64_t latest_ms = now_ms + kLifetimeS * 1000;
  const bool is_sooner = *claim_ms < static_cast<double>(latest_ms);
  const std::int64_t expires_ms = is_sooner ? static_cast<std::int64_t>(*claim_ms) : latest_ms;
  return IdToken{.value = *token, .expires_at = from_unix_ms(expires_ms)};
}

std::string token_error_of(std::string_view body) {
  const nlohmann::json answer = parsed(body);
  const std::string* error = text_member(answer, "error");
  if (error == nullptr) return {};
  std::string out = told(*error, kErrorLengthMax);
  const std::string* description = text_member(answer, "error_description");
  if (description == nullptr || description->empty()) return out;
  return out + ": " + told(*description, kDescriptionLengthMax);
}

}  // namespace postrider::destinations
