#include "signing/scheme.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "domain/header_rules.h"
#include "signing/discord.h"
#include "signing/github.h"
#include "signing/hmac.h"
#include "signing/jira.h"
#include "signing/mailgun.h"
#include "signing/none.h"
#include "signing/paypal.h"
#include "signing/sendgrid.h"
#include "signing/shopify.h"
#include "signing/slack.h"
#include "signing/standard.h"
#include "signing/standard_v1a.h"
#include "signing/stripe.h"
#include "signing/woocommerce.h"

namespace postrider::signing {
namespace {

std::array<const Scheme*, 16> schemes() {
  return {
      &standard(),
      &standard_v1a(),
      &svix(),
      &stripe(),
      &github(),
      &jira(),
      &shopify(),
      &shopify_events(),
      &woocommerce(),
      &slack(),
      &sendgrid(),
      &discord(),
      &mailgun(),
      &paypal(),
      &hmac(),
      &none()};
}

}  // namespace

std::optional<std::string> Scheme::public_key(std::string_view /*secret*/) const {
  return std::nullopt;
}

const Scheme* find_scheme(std::string_view name) {
  for (const Scheme* scheme : schemes()) {
    if (scheme->name() == name) return scheme;
  }
  return nullptr;
}

std::vector<std::string_view> scheme_names() {
  const auto known = schemes();
  std::vector<std::string_view> names(known.size());
  std::transform(known.begin(), known.end(), names.begin(), [](const Scheme* scheme) {
    return scheme->name();
  });
  return names;
}

Headers identify(const Message& message) {
  POSTRIDER_ASSERT(message.timestamp_s >= 0);
  return {
      {"webhook-id", std::string{message.id}},
      {"webhook-timestamp", std::to_string(message.timestamp_s)}};
}

const std::string* find_header(
    std::span<const std::pair<std::string, std::string>> headers, std::string_view name
) {
  for (const auto& [received, value] : headers) {
    if (same_header_name(received, name)) return &value;
  }
  return nullptr;
}

}  // namespace postrider::signing
