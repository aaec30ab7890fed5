#include "domain/signature_json.h"

#include <nlohmann/json.hpp>

#include "domain/json_members.h"

namespace postrider {

Signature parse_signature(
    const nlohmann::json& value, const std::string& pointer, FieldErrors& errors
) {
  Signature signature;
  if (!value.is_object()) {
    add_error(errors, pointer, "must be an object with a scheme");
    return signature;
  }
  if (!value.contains("scheme") || value["scheme"].is_null())
    add_error(errors, pointer_to(pointer, "scheme"), "is required");
  for (const auto& [name, item] : value.items()) {
    const auto* text = as_string(item);
    if (item.is_null()) continue;
    if (name == "scheme") {
      if (text == nullptr) add_error(errors, pointer_to(pointer, name), "must be a string");
      signature.scheme = text == nullptr ? std::string{} : *text;
    } else if (text != nullptr) {
      signature.members.emplace(name, *text);
    } else if (item.is_boolean()) {
      signature.members.emplace(name, item.get<bool>());
    } else {
      add_error(errors, pointer_to(pointer, name), "must be a string, true or false");
    }
  }
  return signature;
}

nlohmann::json signature_json(const Signature& signature) {
  nlohmann::json out = {{"scheme", signature.scheme}};
  for (const auto& [name, value] : signature.members)
    std::visit([&, &member = out[name]](const auto& held) { member = held; }, value);
  return out;
}

}  // namespace postrider
