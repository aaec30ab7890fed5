#include "signing/sendgrid.h"

#include "crypto/encoding.h"
#include "signing/key_text.h"
#include "signing/stamped_key.h"

namespace postrider::signing {

const Scheme& sendgrid() {
  static const StampedKey kScheme{
      {.scheme = "sendgrid",
       .timestamp_header = "x-twilio-email-event-webhook-timestamp",
       .signature_header = "x-twilio-email-event-webhook-signature",
       .kind = crypto::KeyKind::kP256,
       .check_secret = [](std::string_view text
                       ) { return check_private_key_of_pem(crypto::KeyKind::kP256, text); },
       .decode_secret = [](std::string_view text
                        ) { return private_key_of_pem(crypto::KeyKind::kP256, text); },
       .encode_secret = [](const crypto::PrivateKey& key) { return key.pem(); },
       .decode_public_key = [](std::string_view text
                            ) { return public_key_of_text(crypto::KeyKind::kP256, text); },
       .encode_public_key = public_key_text,
       .decode_signature = crypto::base64_decode,
       .encode_signature = crypto::base64_encode}};
  return kScheme;
}

}  // namespace postrider::signing
