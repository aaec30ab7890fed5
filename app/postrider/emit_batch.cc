#include "app/postrider/emit_batch.h"

#include <algorithm>
#include <fstream>
#include <istream>
#include <ostream>
#include <vector>

#include <fmt/format.h>

#include "app/postrider/json_view.h"
#include "app/postrider/listing.h"
#include "app/postrider/table.h"
#include "base/limits.h"
#include "base/parse_number.h"
#include "json/raw_json.h"

namespace postrider::cli {
namespace {

constexpr std::size_t kShownErrorsMax = 20;
constexpr int kServerFailed = 500;

std::string events_text(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " event" : " events");
}

/// The events of one request, and their line numbers in the input.
struct Batch {
  std::string body;
  std::vector<std::int64_t> lines;

  [[nodiscard]] bool takes(const std::string& line) const {
    return lines.size() < limits::kBatchEventsMax &&
           body.size() + line.size() + 1 <= limits::kBatchBytesMax;
  }
  void add(const std::string& line, std::int64_t number) {
    body.append(line).append("\n");
    lines.push_back(number);
  }
};

/// Translates a pointer such as `/2/type` to `line 17, /type`.
std::string place_of(const Batch& batch, std::string_view pointer) {
  if (pointer.empty()) return {};
  pointer.remove_prefix(1);
  const std::size_t slash = std::min(pointer.find('/'), pointer.size());
  const auto index = parse_number<std::size_t>(pointer.substr(0, slash));
  if (!index || *index >= batch.lines.size()) return "/" + std::string(pointer);
  const std::string member(pointer.substr(slash));
  const std::string line = "line " + std::to_string(batch.lines[*index]);
  return member.empty() ? line : line + ", " + member;
}

/// Returns the problem of a rejected batch. Wrong members are named by their lines.
std::string refusal_text(const Batch& batch, const http::HttpResponse& answer) {
  const JsonView problem(answer.body);
  const auto errors = problem["errors"].elements();
  if (errors.empty()) return problem_text(answer.status, answer.body);
  std::string text = printable(problem["title"].text());
  for (std::size_t i = 0; i < errors.size() && i < kShownErrorsMax; ++i) {
    const std::string place = place_of(batch, errors[i]["pointer"].text());
    text += "\n  " + printable(place) + ": " + printable(errors[i]["detail"].text());
  }
  if (errors.size() > kShownErrorsMax)
    text += fmt::format("\n  and {} more", errors.size() - kShownErrorsMax);
  return text;
}

/// Sends batches and counts the events.
class BatchSender {
 public:
  BatchSender(Api& api, Io& io, const BatchOptions& options)
      : api_(api), io_(io), options_(options) {}

  Status send(Batch batch) {
    ++requests_;
    http::Headers headers;
    if (options_.idempotency_key) {
      headers.add("Idempotency-Key", fmt::format("{}-{}", *options_.idempotency_key, requests_));
    }
    const auto answer = api_.exchange(
        "POST", "/v1/events/batch", std::move(batch.body), "application/x-ndjson", headers
    );
    if (!answer) {
      return fail(
          answer.error().code,
          answer.error().context + lines_text(batch, "may have been accepted") + summary()
      );
    }
    if (answer->status < 200 || answer->status >= 300) {
      const bool refused = answer->status < kServerFailed;
      const auto* const what = refused ? "are not accepted" : "may have been accepted";
      return fail(
          Errc::kConflict, refusal_text(batch, *answer) + lines_text(batch, what) + summary()
      );
    }
    const auto events = JsonView(answer->body)["events"].elements();
    accepted_ += static_cast<std::int64_t>(events.size());
    if (answer->headers.get("Idempotent-Replayed") == "true")
      accepted_before_ += static_cast<std::int64_t>(events.size());
    for (const JsonView& event : events) {
      deliveries_ += event["deliveries"].integer().value_or(0);
      if (options_.json) print_json(io_, event.raw());
    }
    return {};
  }

  /// Returns the error for a line that cannot be sent. No event of its batch was sent.
  [[nodiscard]] Error wrong_line(std::int64_t line, std::string_view what) const {
    return {Errc::kConflict, 0, fmt::format("line {} {}{}", line, what, summary())};
  }

  void show_progress() {
    const std::string text = events_text(accepted_) + " accepted";
    if (io_.err_is_terminal) {
      io_.err << '\r' << text << "\x1b[K" << std::flush;
      progress_line_ = true;
    } else {
      io_.err << text << '\n' << std::flush;
    }
  }

  void end_progress() {
    if (progress_line_) io_.err << '\n';
    progress_line_ = false;
  }

  void show_total() const {
    if (options_.json) return;
    io_.out << events_text(accepted_) << " accepted, " << deliveries_
            << (deliveries_ == 1 ? " delivery" : " deliveries");
    if (accepted_before_ > 0)
      io_.out << "; " << accepted_before_ << " of them had been accepted before";
    io_.out << '\n';
  }

 private:
  static std::string lines_text(const Batch& batch, std::string_view what) {
    return fmt::format("\n  lines {} to {} {}", batch.lines.front(), batch.lines.back(), what);
  }

  [[nodiscard]] std::string summary() const {
    std::string text = fmt::format("\n  {} accepted before", events_text(accepted_));
    if (options_.idempotency_key)
      text += "; the same command with the same input does not accept them twice";
    return text;
  }

  Api& api_;
  Io& io_;
  const BatchOptions& options_;
  std::int64_t requests_ = 0;
  std::int64_t accepted_ = 0;
  std::int64_t accepted_before_ = 0;
  std::int64_t deliveries_ = 0;
  bool progress_line_ = false;
};

/// Returns an error message for a line on its own; empty if it is valid.
std::string fault_of(const std::string& line) {
  if (line.size() + 1 > limits::kBatchBytesMax) return "is longer than 16 MiB";
  const auto parsed = json::parse_raw(line, {.levels = 0});
  if (parsed) return {};
  std::string_view where = parsed.error().context;
  constexpr std::string_view kOnlyLine = "line 1, ";
  if (where.starts_with(kOnlyLine)) where.remove_prefix(kOnlyLine.size());
  return "is not one JSON value: " + std::string(where);
}

Status send_lines(std::istream& in, BatchSender& sender) {
  Batch batch;
  std::string line;
  for (std::int64_t number = 1; std::getline(in, line); ++number) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.find_first_not_of(" \t") == std::string::npos) continue;
    if (const std::string fault = fault_of(line); !fault.empty())
      return tl::unexpected(sender.wrong_line(number, fault));
    if (!batch.takes(line)) {
      if (auto sent = sender.send(std::exchange(batch, {})); !sent) return sent;
      sender.show_progress();
    }
    batch.add(line, number);
  }
  if (in.bad()) return fail(Errc::kUnavailable, "the input cannot be read to its end");
  return batch.lines.empty() ? Status{} : sender.send(std::move(batch));
}

}  // namespace

Result<int> emit_batch(Api& api, Io& io, const BatchOptions& options) {
  std::ifstream file;
  const bool from_file = options.source != "-";
  if (from_file) {
    file.open(options.source, std::ios::binary);
    if (!file) return fail(Errc::kInvalidArgument, "cannot read the file " + options.source);
  }
  BatchSender sender(api, io, options);
  const Status sent = send_lines(from_file ? file : io.in, sender);
  sender.end_progress();
  if (!sent) return tl::unexpected<Error>(sent.error());
  sender.show_total();
  return kExitDone;
}

}  // namespace postrider::cli
