#include <ostream>

#include "app/postrider/commands.h"
#include "app/postrider/input.h"
#include "base/clock.h"
#include "signing/scheme.h"

namespace postrider::cli {
namespace {

constexpr std::int64_t kTimestampMax = 253'402'300'799;  // the end of the year 9999

struct SignOptions {
  std::string scheme = "standard";
  std::string secret;
  std::string id;
  std::optional<std::int64_t> timestamp;
  std::vector<std::string> headers;
  std::int64_t tolerance_s = 300;
  std::string body;
};

Result<const signing::Scheme*> scheme_of(const SignOptions& options) {
  const signing::Scheme* scheme = signing::find_scheme(options.scheme);
  if (scheme == nullptr) {
    return fail(Errc::kInvalidArgument, "--scheme: there is no scheme " + options.scheme);
  }
  if (options.secret.empty()) return fail(Errc::kInvalidArgument, "--secret is required");
  if (auto status = scheme->check_secret(options.secret); !status) {
    return fail(Errc::kInvalidArgument, "--secret: " + status.error().context);
  }
  return scheme;
}

Result<int> sign(Io& io, const SignOptions& options) {
  const auto scheme = scheme_of(options);
  if (!scheme) return tl::unexpected(scheme.error());
  if (options.id.empty()) return fail(Errc::kInvalidArgument, "--id is required");
  const auto body = read_argument(options.body, io.in);
  if (!body) return tl::unexpected(body.error());
  const SystemClock clock;
  const std::int64_t now_s = unix_ms(clock.wall_now()) / 1000;
  const std::string_view secret = options.secret;
  const signing::Message message{
      .id = options.id, .timestamp_s = options.timestamp.value_or(now_s), .body = *body};
  for (const auto& [name, value] : (*scheme)->sign({&secret, 1}, message)) {
    io.out << name << ": " << value << '\n';
  }
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

Result<int> verify(Io& io, const SignOptions& options) {
  const auto scheme = scheme_of(options);
  if (!scheme) return tl::unexpected(scheme.error());
  const auto headers = headers_of(options);
  if (!headers) return tl::unexpected(headers.error());
  const auto body = read_argument(options.body, io.in);
  if (!body) return tl::unexpected(body.error());
  const SystemClock clock;
  // With --timestamp a webhook kept from earlier can be checked as of then.
  const WallTime now =
      options.timestamp ? from_unix_ms(*options.timestamp * 1000) : clock.wall_now();
  const auto status = (*scheme)->verify(
      options.secret,
      {.headers = *headers,
       .body = *body,
       .now = now,
       .tolerance = std::chrono::seconds{options.tolerance_s}}
  );
  if (status) {
    io.out << "verified\n";
    return kExitDone;
  }
  io.err << "not verified: " << status.error().context << '\n';
  return kExitFailed;
}

}  // namespace

void add_sign(const Command& root) {
  const Command command = root.add(
      "sign",
      "Compute the headers that sign a body",
      "postrider sign --secret whsec_... --id evt_01... @body.json"
  );
  auto& options = command.keep<SignOptions>();
  command.argument("BODY", options.body, "The exact bytes; - = standard input, @FILE = a file");
  command.text("scheme", options.scheme, "standard");
  command.text("secret", options.secret, "Secret of the endpoint; required");
  command.text("id", options.id, "Id of the event; required");
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
  command.argument("BODY", options.body, "The exact bytes; - = standard input, @FILE = a file");
  command.text("scheme", options.scheme, "standard");
  command.text("secret", options.secret, "Secret of the endpoint; required");
  command.list("header", options.headers, "'Name: value' as it arrived; repeatable");
  command.number(
      "timestamp", options.timestamp, {0, kTimestampMax}, "Check as of then (Unix seconds)"
  );
  command.number("tolerance-s", options.tolerance_s, {0, kTimestampMax}, "How old it may be");
  command.run_checked([&options](Io& io) { return verify(io, options); });
}

}  // namespace postrider::cli
