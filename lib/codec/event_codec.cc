#include "codec/event_codec.h"

#include <utility>

#include <fmt/format.h>

#include "codec/draft_reader.h"
#include "json/raw_json.h"

namespace postrider {
namespace {

using json::Kind;
using json::RawDocument;

constexpr std::string_view kTooManyValues = "has too many members and elements";

/// Returns the error for a body to which field errors were added.
tl::unexpected<Error> members_wrong() {
  return fail(Errc::kInvalidArgument, "members of the body are wrong");
}

tl::unexpected<Error> wrong(FieldErrors& errors, std::string_view pointer, std::string detail) {
  errors.push_back({std::string{pointer}, std::move(detail)});
  return members_wrong();
}

/// Parses a body whose events are `level` levels below the root. The depth limit counts from `data`
/// on.
Result<RawDocument> parse_events(std::string_view body, std::size_t level) {
  const std::size_t level_of_members = level + 1;
  return json::parse_raw(
      body, {.levels = level_of_members, .depth_max = level_of_members + limits::kJsonDepthMax}
  );
}

std::string count_detail(std::size_t count) {
  return fmt::format("has {} events, more than {}", count, limits::kBatchEventsMax);
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

/// Removes the next line from the front of `text`. Returns it without its line end.
std::string_view take_line(std::string_view& text) {
  const auto length = text.find('\n');
  const auto line = text.substr(0, length);
  text.remove_prefix(length == std::string_view::npos ? text.size() : length + 1);
  return line;
}

Result<std::uint32_t> find_events(const RawDocument& document, FieldErrors& errors) {
  const auto& values = document.values;
  if (values[0].kind != Kind::kObject) return wrong(errors, "", "must be an object with `events`");
  std::uint32_t found = 0;
  const auto before = errors.size();
  for (std::uint32_t i = 1; i < values[0].end; i = values[i].end) {
    if (values[i].key != "events") {
      errors.push_back({pointer_to("", values[i].key), "is not a member of a batch"});
    } else if (values[i].duplicate) {
      errors.push_back({"/events", "is given more than once"});
    } else {
      found = i;
    }
    if (errors.size() - before >= limits::kFieldErrorsMax) return members_wrong();
  }
  if (found == 0) return wrong(errors, "/events", "is required");
  const auto& list = values[found];
  if (list.kind != Kind::kArray) return wrong(errors, "/events", "must be an array");
  if (list.count == 0) return wrong(errors, "/events", "must not be empty");
  if (list.count > limits::kBatchEventsMax) {
    return wrong(errors, "/events", count_detail(list.count));
  }
  if (errors.size() > before) return members_wrong();
  if (document.truncated) return wrong(errors, "/events", std::string{kTooManyValues});
  return found;
}

}  // namespace

Result<EventDraft> parse_event(
    std::string_view body, const EventLimits& limits, FieldErrors& errors
) {
  const auto document = parse_events(body, 0);
  if (!document) return tl::unexpected{document.error()};
  if (document->truncated) return wrong(errors, "", std::string{kTooManyValues});
  const auto before = errors.size();
  auto draft = read_draft(*document, 0, limits, "", errors);
  if (errors.size() > before) return members_wrong();
  return draft;
}

Result<std::vector<EventDraft>> parse_batch_json(
    std::string_view body, const EventLimits& limits, FieldErrors& errors
) {
  const auto document = parse_events(body, 2);
  if (!document) return tl::unexpected{document.error()};
  const auto list = find_events(*document, errors);
  if (!list) return tl::unexpected{list.error()};
  const auto& values = document->values;
  const auto before = errors.size();
  std::vector<EventDraft> drafts;
  drafts.reserve(values[*list].count);
  for (auto i = *list + 1; i < values[*list].end; i = values[i].end) {
    if (errors.size() - before >= limits::kFieldErrorsMax) break;
    drafts.push_back(read_draft(*document, i, limits, pointer_to("/events", drafts.size()), errors)
    );
  }
  if (errors.size() > before) return members_wrong();
  return drafts;
}

Result<std::vector<EventDraft>> parse_batch_ndjson(
    std::string_view body, const EventLimits& limits, FieldErrors& errors
) {
  const auto before = errors.size();
  std::vector<EventDraft> drafts;
  for (std::size_t line_number = 1; !body.empty(); ++line_number) {
    const auto line = take_line(body);
    if (is_blank(line)) continue;
    if (drafts.size() == limits::kBatchEventsMax) {
      return wrong(errors, "", fmt::format("has more than {} events", limits::kBatchEventsMax));
    }
    const auto document = parse_events(line, 0);
    if (!document) {
      // Malformed JSON in a later line outweighs wrong members before it: 400, not 422.
      errors.resize(before);
      return fail(
          Errc::kInvalidArgument,
          fmt::format("in line {} of the body: {}", line_number, document.error().context)
      );
    }
    const auto prefix = pointer_to("", drafts.size());
    if (document->truncated) return wrong(errors, prefix, std::string{kTooManyValues});
    if (errors.size() - before >= limits::kFieldErrorsMax) return members_wrong();
    drafts.push_back(read_draft(*document, 0, limits, prefix, errors));
  }
  if (drafts.empty()) return wrong(errors, "", "must hold at least one event");
  if (errors.size() > before) return members_wrong();
  return drafts;
}

}  // namespace postrider
