// Series for charts: /v1/stats and /v1/endpoints/{id}/stats.
#include <algorithm>
#include <array>

#include "api/query.h"
#include "api/request_context.h"
#include "metrics/metrics.h"

namespace postrider::api {
namespace {

constexpr std::int64_t kMinuteS = 60;
constexpr std::int64_t kDayS = 86'400;
constexpr std::int64_t kBucketsMax = 1500;
/// What a chart of ordinary width shows.
constexpr std::int64_t kBucketsWanted = 120;
constexpr std::array<std::int64_t, 8> kBucketsS = {
    60, 300, 900, 3600, 10'800, 21'600, 43'200, kDayS};

std::int64_t default_bucket(Millis span) {
  const std::int64_t seconds = span.count() / 1000;
  const auto fits = [&](std::int64_t bucket) { return seconds / bucket <= kBucketsWanted; };
  const auto* const found = std::find_if(kBucketsS.begin(), kBucketsS.end(), fits);
  if (found != kBucketsS.end()) return *found;
  const std::int64_t days = seconds / (kBucketsWanted * kDayS) + 1;
  return days * kDayS;
}

WallTime floor_to(WallTime time, Millis bucket) {
  return from_unix_ms(unix_ms(time) / bucket.count() * bucket.count());
}

/// Reads since, until and bucket_s.
void read_span(QueryReader& query, WallTime now, StatFilter& filter) {
  filter.until = query.instant("until").value_or(now);
  filter.since = query.instant("since").value_or(filter.until - std::chrono::hours{24});
  if (filter.since >= filter.until) query.wrong("since", "must be before until");
  const auto given = query.integer("bucket_s", kMinuteS, 366 * kDayS);
  const std::int64_t bucket_s = given.value_or(default_bucket(filter.until - filter.since));
  if (bucket_s % kMinuteS != 0) query.wrong("bucket_s", "must be a multiple of 60");
  filter.bucket = std::chrono::seconds(bucket_s);
  filter.since = floor_to(filter.since, filter.bucket);
  if ((filter.until - filter.since) / filter.bucket > kBucketsMax) {
    query.wrong("bucket_s", fmt::format("makes more than {} buckets", kBucketsMax));
  }
}

void add(StatRow& sum, const StatRow& row) {
  sum.events += row.events;
  sum.delivered += row.delivered;
  sum.dead += row.dead;
  for (std::size_t i = 0; i < kAttemptClassCount; ++i) sum.attempts[i] += row.attempts[i];
  sum.duration_ms_sum += row.duration_ms_sum;
}

void append_counts(JsonObject& object, const StatRow& row) {
  std::int64_t attempts = 0;
  for (const auto count : row.attempts) attempts += count;
  object.number("events", row.events)
      .number("delivered", row.delivered)
      .number("dead", row.dead)
      .number("attempts", attempts);
  JsonObject classes(object.begin("attempts_by_class"));
  for (std::size_t i = 0; i < kAttemptClassCount; ++i) {
    classes.number(to_string(static_cast<AttemptClass>(i)), row.attempts[i]);
  }
  classes.end();
  std::optional<double> average;
  if (attempts > 0) {
    average = static_cast<double>(row.duration_ms_sum) / static_cast<double>(attempts);
  }
  object.number("duration_ms_avg", average);
}

/// Buckets in which nothing happened are there too: a chart needs them.
std::string render(const StatFilter& filter, const std::vector<StatRow>& rows) {
  std::string out;
  JsonObject object(out);
  object.instant("since", filter.since)
      .instant("until", filter.until)
      .number("bucket_s", filter.bucket.count() / 1000);
  StatRow totals;
  for (const auto& row : rows) add(totals, row);
  JsonObject sum(object.begin("totals"));
  append_counts(sum, totals);
  sum.end();
  JsonArray series(object.begin("series"));
  auto row = rows.begin();
  for (WallTime at = filter.since; at < filter.until; at += filter.bucket) {
    StatRow bucket;
    for (; row != rows.end() && row->minute < at + filter.bucket; ++row) add(bucket, *row);
    JsonObject one(series.next());
    one.instant("start", at);
    append_counts(one, bucket);
    one.end();
  }
  series.end();
  object.end();
  return out;
}

HandlerResult stats_reply(const RequestContext& context, const StatFilter& filter) {
  auto reader = context.api.reader();
  if (!reader) return fail(std::move(reader).error());
  const auto rows = (*reader)->stats(filter);
  if (!rows) return fail(rows.error());
  return json_response(200, render(filter, *rows));
}

HandlerResult get_stats(const RequestContext& context) {
  QueryReader query(context.request);
  StatFilter filter;
  filter.tenant = query.tenant();
  filter.endpoint = query.id(
      "endpoint", [&](std::string_view id) { return context.api.ids().decode_endpoint(id); }, "ep_"
  );
  read_span(query, context.api.service.clock().wall_now(), filter);
  if (auto checked = query.check(); !checked) return fail(std::move(checked).error());
  return stats_reply(context, filter);
}

HandlerResult get_endpoint_stats(const RequestContext& context) {
  const auto id = path_endpoint(context);
  if (!id) return fail(id.error());
  QueryReader query(context.request);
  StatFilter filter;
  filter.endpoint = *id;
  read_span(query, context.api.service.clock().wall_now(), filter);
  if (auto checked = query.check(); !checked) return fail(std::move(checked).error());
  if (const auto endpoint = find_endpoint(context, *id); !endpoint) return fail(endpoint.error());
  return stats_reply(context, filter);
}

}  // namespace

void add_stats_routes(Routes& routes) {
  routes.authenticated("GET", "/v1/stats", get_stats);
  routes.authenticated("GET", "/v1/endpoints/{id}/stats", get_endpoint_stats);
}

}  // namespace postrider::api
