#include "domain/destination_json.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/limits.h"
#include "domain/json_members.h"
#include "domain/mask.h"

namespace postrider {
namespace {

using nlohmann::json;

constexpr std::array<DestinationType, 7> kTypes = {
    DestinationType::kWebhook,
    DestinationType::kSlack,
    DestinationType::kDiscord,
    DestinationType::kZapier,
    DestinationType::kIfttt,
    DestinationType::kAwsLambda,
    DestinationType::kGcpFunction};
constexpr std::string_view kTypeNames =
    "must be webhook, slack, discord, zapier, ifttt, aws_lambda or gcp_function";
constexpr std::size_t kValuesMax = 3;

/// Reads one object member by member and keeps the names of the members it has read.
/// refuse_others() reports all other members as errors.
class ObjectReader {
 public:
  ObjectReader(const json& object, std::string pointer, FieldErrors& errors)
      : object_(object), pointer_(std::move(pointer)), errors_(errors) {}

  /// Returns the member; null when it is missing or null.
  const json* member(std::string_view name) {
    known_.push_back(name);
    const auto found = object_.find(name);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }

  /// Returns an empty string when the member is missing.
  std::string text(std::string_view name, std::size_t size_max) {
    const json* const value = member(name);
    if (value == nullptr) return {};
    std::string text = read_text(*value, size_max, at(name), errors_);
    if (text == kMask) wrong(name, "is the mask of a hidden value: give the value itself");
    return text;
  }

  std::string required_text(std::string_view name, std::size_t size_max) {
    if (member(name) == nullptr) wrong(name, "is required");
    return text(name, size_max);
  }

  /// Returns a nested object; null when it is missing or, with an error, not an object.
  const json* object(std::string_view name) {
    const json* const value = member(name);
    if (value == nullptr || value->is_object()) return value;
    wrong(name, "must be an object");
    return nullptr;
  }

  void wrong(std::string_view name, std::string detail) {
    add_error(errors_, pointer_to(pointer_, name), std::move(detail));
  }

  void refuse_others(std::string_view whose) {
    for (const auto& member : object_.items()) {
      if (std::find(known_.begin(), known_.end(), member.key()) != known_.end()) continue;
      wrong(member.key(), fmt::format("is not a member of {}", whose));
    }
  }

  [[nodiscard]] std::string at(std::string_view name) const { return pointer_to(pointer_, name); }

 private:
  const json& object_;
  std::string pointer_;
  FieldErrors& errors_;
  std::vector<std::string_view> known_;
};

class DestinationReader {
 public:
  DestinationReader(const UrlCheck& check_url, FieldErrors& errors)
      : check_url_(check_url), errors_(errors) {}

  [[nodiscard]] Destination read(const json& value, const std::string& pointer) {
    Destination destination;
    ObjectReader object(value, pointer, errors_);
    const auto type = read_type(object);
    if (!type) return destination;
    destination.type = *type;
    if (*type == DestinationType::kSlack || *type == DestinationType::kDiscord) {
      destination.message_template = object.text("template", limits::kProgramBytesMax);
    } else if (*type == DestinationType::kIfttt) {
      destination.values = read_values(object);
    } else if (*type == DestinationType::kAwsLambda) {
      destination.sigv4 = read_sigv4(object);
    } else if (*type == DestinationType::kGcpFunction) {
      destination.oidc = read_oidc(object);
    }
    object.refuse_others(fmt::format("a destination of type {}", to_string(*type)));
    return destination;
  }

 private:
  std::optional<DestinationType> read_type(ObjectReader& object) {
    const json* const value = object.member("type");
    if (value == nullptr) {
      object.wrong("type", "is required");
      return std::nullopt;
    }
    const auto* const name = as_string(*value);
    for (const DestinationType type : kTypes) {
      if (name != nullptr && *name == to_string(type)) return type;
    }
    object.wrong("type", std::string{kTypeNames});
    return std::nullopt;
  }

  std::vector<std::string> read_values(ObjectReader& object) {
    const json* const value = object.member("values");
    if (value == nullptr) return {};
    if (!value->is_array() || value->empty() || value->size() > kValuesMax) {
      object.wrong("values", fmt::format("must be an array of 1 to {} jq programs", kValuesMax));
      return {};
    }
    std::vector<std::string> programs;
    for (std::size_t i = 0; i < value->size(); ++i) {
      const std::string at = pointer_to(object.at("values"), i);
      programs.push_back(read_text((*value)[i], limits::kProgramBytesMax, at, errors_));
    }
    return programs;
  }

  /// Returns the object `auth` if it is of this kind; null if it is missing, of kind none or, with
  /// an error, of another kind.
  const json* read_auth(ObjectReader& object, std::string_view kind) {
    const json* const auth = object.object("auth");
    if (auth == nullptr) return nullptr;
    ObjectReader reader(*auth, object.at("auth"), errors_);
    const json* const value = reader.member("kind");
    const auto* const given = value == nullptr ? nullptr : as_string(*value);
    if (given != nullptr && *given == kind) return auth;
    if (given != nullptr && *given == "none") {
      reader.refuse_others("an auth of kind none");
    } else {
      reader.wrong("kind", fmt::format("must be none or {}", kind));
    }
    return nullptr;
  }

  std::optional<SigV4Auth> read_sigv4(ObjectReader& object) {
    const json* const auth = read_auth(object, "sigv4");
    if (auth == nullptr) return std::nullopt;
    ObjectReader reader(*auth, object.at("auth"), errors_);
    SigV4Auth sigv4;
    reader.member("kind");
    sigv4.credentials.access_key_id =
        reader.required_text("access_key_id", limits::kCredentialLengthMax);
    sigv4.credentials.secret_access_key =
        reader.required_text("secret_access_key", limits::kCredentialLengthMax);
    sigv4.credentials.session_token = reader.text("session_token", limits::kCredentialLengthMax);
    sigv4.region = reader.text("region", limits::kCredentialLengthMax);
    reader.refuse_others("an auth of kind sigv4");
    return sigv4;
  }

  std::optional<OidcAuth> read_oidc(ObjectReader& object) {
    const json* const auth = read_auth(object, "oidc");
    if (auth == nullptr) return std::nullopt;
    ObjectReader reader(*auth, object.at("auth"), errors_);
    OidcAuth oidc;
    reader.member("kind");
    if (reader.member("service_account") == nullptr)
      reader.wrong("service_account", "is required: the key file as an object");
    if (const json* const account = reader.object("service_account"); account != nullptr) {
      ObjectReader file(*account, reader.at("service_account"), errors_);
      oidc.service_account.client_email =
          file.required_text("client_email", limits::kCredentialLengthMax);
      oidc.service_account.private_key =
          file.required_text("private_key", limits::kSecretLengthMax);
      oidc.service_account.private_key_id =
          file.text("private_key_id", limits::kCredentialLengthMax);
      oidc.service_account.token_uri = read_url(file, "token_uri");
    }
    oidc.audience = reader.text("audience", limits::kUrlLengthMax);
    oidc.token_url = read_url(reader, "token_url");
    reader.refuse_others("an auth of kind oidc");
    return oidc;
  }

  std::string read_url(ObjectReader& object, std::string_view name) {
    std::string url = object.text(name, limits::kUrlLengthMax);
    if (url.empty()) return url;
    if (const auto status = check_url_(url); !status) object.wrong(name, status.error().context);
    return url;
  }

  const UrlCheck& check_url_;
  FieldErrors& errors_;
};

/// Writes an object for the database or for API responses. Responses contain every member, null
/// when it is not set, with secrets masked.
class ObjectWriter {
 public:
  explicit ObjectWriter(Secrets secrets) : secrets_(secrets) {}

  ObjectWriter& text(const char* name, const std::string& value) {
    if (!value.empty()) {
      out_[name] = value;
    } else if (secrets_ == Secrets::kMasked) {
      out_[name] = nullptr;
    }
    return *this;
  }
  ObjectWriter& secret(const char* name, const std::string& value) {
    const bool is_hidden = secrets_ == Secrets::kMasked && !value.empty();
    return text(name, is_hidden ? std::string{kMask} : value);
  }
  ObjectWriter& object(const char* name, json value) {
    out_[name] = std::move(value);
    return *this;
  }
  [[nodiscard]] json take() { return std::move(out_); }

 private:
  const Secrets secrets_;
  json out_ = json::object();
};

json sigv4_json(const SigV4Auth& auth, Secrets secrets) {
  return ObjectWriter(secrets)
      .text("kind", "sigv4")
      .text("access_key_id", auth.credentials.access_key_id)
      .secret("secret_access_key", auth.credentials.secret_access_key)
      .secret("session_token", auth.credentials.session_token)
      .text("region", auth.region)
      .take();
}

json oidc_json(const OidcAuth& auth, Secrets secrets) {
  const ServiceAccount& account = auth.service_account;
  json file = ObjectWriter(secrets)
                  .text("client_email", account.client_email)
                  .secret("private_key", account.private_key)
                  .text("private_key_id", account.private_key_id)
                  .text("token_uri", account.token_uri)
                  .take();
  return ObjectWriter(secrets)
      .text("kind", "oidc")
      .object("service_account", std::move(file))
      .text("audience", auth.audience)
      .text("token_url", auth.token_url)
      .take();
}

json auth_json(const Destination& destination, Secrets secrets) {
  if (destination.sigv4) return sigv4_json(*destination.sigv4, secrets);
  if (destination.oidc) return oidc_json(*destination.oidc, secrets);
  return {{"kind", "none"}};
}

}  // namespace

Destination parse_destination(
    const nlohmann::json& value,
    const UrlCheck& check_url,
    const std::string& pointer,
    FieldErrors& errors
) {
  if (value.is_object()) return DestinationReader{check_url, errors}.read(value, pointer);
  add_error(errors, pointer, "must be an object with a type");
  return {};
}

nlohmann::json destination_json(const Destination& destination, Secrets secrets) {
  ObjectWriter out(secrets);
  out.text("type", std::string{to_string(destination.type)});
  switch (destination.type) {
    case DestinationType::kSlack:
    case DestinationType::kDiscord:
      out.text("template", destination.message_template);
      break;
    case DestinationType::kIfttt:
      out.object("values", destination.values.empty() ? json{} : json(destination.values));
      break;
    case DestinationType::kAwsLambda:
    case DestinationType::kGcpFunction:
      out.object("auth", auth_json(destination, secrets));
      break;
    case DestinationType::kWebhook:
    case DestinationType::kZapier:
      break;
  }
  return out.take();
}

}  // namespace postrider
