#include <fstream>
#include <iterator>
#include <ostream>

#include "app/postrider/commands.h"
#include "app/postrider/input.h"
#include "app/postrider/scheme_flags.h"
#include "base/clock.h"

namespace postrider::cli {
namespace {

constexpr std::int64_t kAttemptMax = 1'000'000;
constexpr std::int64_t kTimestampMax = 253'402'300'799;  // the end of the year 9999

struct SignOptions {
  SchemeFlags scheme;
  std::string secret;
  std::string secret_file;
  std::string public_key;
  std::string id;
  std::string type = "test";
  std::string delivery;
  std::int64_t attempt = 1;
  std::optional<std::int64_t> timestamp;
  std::vector<std::string> headers;
  std::int64_t tolerance_s = 300;
  std::string body;
};

/// Returns the secret of --secret or --secret-file. Fails if the scheme does not accept it.
Result<std::string> read_secret(const signing::Scheme& scheme, const SignOptions& options) {
  std::string secret = options.secret;
  if (!options.secret_file.empty()) {
    std::ifstream file(options.secret_file, std::ios::binary);
    if (!file) return fail(Errc::kInvalidArgument, "cannot read the file " + options.secret_file);
    secret.assign(std::istreambuf_iterator<char>(file), {});
    if (secret.ends_with('\n')) secret.pop_back();
  }
  if (secret.empty()) return fail(Errc::kInvalidArgument, "--secret is required");
  if (auto status = scheme.check_secret(secret); !status)
    return fail(Errc::kInvalidArgument, "--secret: " + status.error().context);
  return secret;
}

Result<int> sign(Io& io, const SignOptions& options) {
  const auto chosen = chosen_scheme(options.scheme);
  if (!chosen) return tl::unexpected(chosen.error());
  const auto secret_text = read_secret(*chosen->scheme, options);
  if (!secret_text) return tl::unexpected(secret_text.error());
  if (options.id.empty()) return fail(Errc::kInvalidArgument, "--id is required");
  const auto body = read_argument(options.body, io.in);
  if (!body) return tl::unexpected(body.error());
  const SystemClock clock;
  const std::int64_t now_s = unix_ms(clock.wall_now()) / 1000;
  const std::string_view secret = *secret_text;
  const signing::Message message{
      .id = options.id,
      .timestamp_s = options.timestamp.value_or(now_s),
      .body = *body,
      .type = options.type,
      .delivery_id = options.delivery.empty() ? options.id : options.delivery,
      .attempt = static_cast<int>(options.attempt)};
  const auto made = chosen->scheme->sign({&secret, 1}, message, chosen->members);
  if (!made) return tl::unexpected(made.error());
  for (const auto& [name, value] : made->headers) io.out << name << ": " << value << '\n';
  if (made->body) io.out << '\n' << *made->body << '\n';
  return kExitDone;
}

Result<signing::Headers> headers_of(const SignOptions& options) {
  signing::Headers headers;
  headers.reserve(options.headers.size());
  for (const std::string& header : options.headers) {
    auto parsed = parse_header(header);
    if (!parsed) return tl::unexpected(std::move(parsed).error());
    headers.push_back(std::move(*parsed));
  }
  return headers;
}

Result<std::string> key_to_verify(const ChosenScheme& chosen, const SignOptions& options) {
  const bool has_secret = !options.secret.empty() || !options.secret_file.empty();
  if (has_secret && !options.public_key.empty())
    return fail(Errc::kInvalidArgument, "give --secret or --public-key, not both");
  if (!options.public_key.empty()) return options.public_key;
  auto secret = read_secret(*chosen.scheme, options);
  if (!secret) return secret;
  return chosen.receivers_key(*secret);
}

Result<int> verify(Io& io, const SignOptions& options) {
  const auto chosen = chosen_scheme(options.scheme);
  if (!chosen) return tl::unexpected(chosen.error());
  const auto receivers_key = key_to_verify(*chosen, options);
  if (!receivers_key) return tl::unexpected(receivers_key.error());
  const auto headers = headers_of(options);
  if (!headers) return tl::unexpected(headers.error());
  const auto body = read_argument(options.body, io.in);
  if (!body) return tl::unexpected(body.error());
  const SystemClock clock;
  // With --timestamp, an older webhook is verified as of that time.
  const WallTime now =
      options.timestamp ? from_unix_ms(*options.timestamp * 1000) : clock.wall_now();
  const auto status = chosen->scheme->verify(
      *receivers_key,
      {.headers = *headers,
       .body = *body,
       .now = now,
       .tolerance = std::chrono::seconds{options.tolerance_s}},
      chosen->members
  );
  if (status) {
    io.out << "verified\n";
    return kExitDone;
  }
  io.err << "not verified: " << status.error().context << '\n';
  return kExitFailed;
}

/// Adds the arguments that both commands have.
void add_scheme(const Command& command, SignOptions& options) {
  command.argument(
      "BODY", options.body, "Exact bytes of the body; - = standard input, @FILE = a file"
  );
  add_scheme_flags(command, options.scheme);
  command.text("secret", options.secret, "Secret of the endpoint");
  command.allow_environment("secret");
  command.text("secret-file", options.secret_file, "File with the secret");
}

}  // namespace

void add_sign(const Command& root) {
  const Command command = root.add(
      "sign",
      "Compute the headers that sign a body",
      "postrider sign --secret whsec_... --id evt_01... @body.json"
  );
  auto& options = command.keep<SignOptions>();
  add_scheme(command, options);
  command.text("id", options.id, "Id of the event; required");
  command.text("type", options.type, "Type of the event, for schemes that send it");
  command.text(
      "delivery", options.delivery, "Id of the delivery, for schemes that send it (default: --id)"
  );
  command.number(
      "attempt",
      options.attempt,
      {1, kAttemptMax},
      "Number of the attempt, for schemes that send it"
  );
  command.number("timestamp", options.timestamp, {0, kTimestampMax}, "Unix seconds (default: now)");
  command.run_checked([&options](Io& io) { return sign(io, options); });
}

void add_verify(const Command& root) {
  const Command command = root.add(
      "verify",
      "Check a signature",
      "postrider verify --secret whsec_... --header 'webhook-id: evt_01...' --header "
      "'webhook-timestamp: 1767225600' --header 'webhook-signature: v1,...' @body.json"
  );
  auto& options = command.keep<SignOptions>();
  add_scheme(command, options);
  command.text("public-key", options.public_key, "Public key, for schemes with key pairs");
  command.list("header", options.headers, "'Name: value' as it arrived; repeatable");
  command.number(
      "timestamp",
      options.timestamp,
      {0, kTimestampMax},
      "Time at which to check the signature (Unix seconds)"
  );
  command.number(
      "tolerance-s",
      options.tolerance_s,
      {0, kTimestampMax},
      "Maximum age of the signature in seconds"
  );
  command.run_checked([&options](Io& io) { return verify(io, options); });
}

}  // namespace postrider::cli
