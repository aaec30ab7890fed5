// The limits of the product, with the reason for each. The API names the limit by which it rejects
// a request.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace postrider::limits {

// --- Events from producers -----------------------------------------------------------------------

/// Default of --max-event-bytes: `data` of one event. Larger ones belong behind a link.
inline constexpr std::size_t kEventBytesDefault = 1U << 20U;
/// The members of one event besides `data`, with their names.
inline constexpr std::size_t kEventEnvelopeBytesMax = 64U << 10U;
/// Bytes of a batch body. It is held in memory once per request.
inline constexpr std::size_t kBatchBytesMax = 16U << 20U;
/// Events of one batch: one transaction, so it bounds the longest commit.
inline constexpr std::size_t kBatchEventsMax = 10'000;
/// Nesting of `data`. Receivers' parsers overflow their stacks far above it.
inline constexpr std::size_t kJsonDepthMax = 512;
/// Values that are parsed individually in one body. Above it a body of 16 MiB of tiny values would
/// take fifty times its size in memory. It is enough for a full batch with every member set.
inline constexpr std::size_t kRawValuesMax = 1U << 19U;
/// Wrong members that one response names; further ones are omitted.
inline constexpr std::size_t kFieldErrorsMax = 1000;
inline constexpr std::size_t kTypeLengthMax = 128;

// --- Schemas of event types: each bounds what one event can cost to check ------------------------

inline constexpr std::size_t kSchemaBytesMax = 64U << 10U;
/// Nesting of a schema with its references resolved; the validator recurses this deep.
inline constexpr std::size_t kSchemaDepthMax = 64;
/// Parts of a schema; a part counts once for each reference to it.
inline constexpr std::size_t kSchemaNodesMax = 10'000;
inline constexpr std::size_t kSchemaPatternBytesMax = 256;
/// Bytes of a string that a pattern applies to; the worst patterns take time in its cube.
inline constexpr std::size_t kSchemaSubjectBytesMax = 1024;
/// Items of an array that must be unique; each is compared with each.
inline constexpr std::size_t kSchemaUniqueItemsMax = 1000;

// --- Members of an event -------------------------------------------------------------------------

inline constexpr std::size_t kTenantLengthMax = 128;
inline constexpr std::size_t kChannelsMax = 16;
inline constexpr std::size_t kChannelLengthMax = 128;
inline constexpr std::size_t kOrderingKeyLengthMax = 255;
inline constexpr std::size_t kIdempotencyKeyLengthMax = 255;
inline constexpr std::size_t kMetadataBytesMax = 4096;
inline constexpr std::size_t kTraceparentLengthMax = 128;
inline constexpr std::size_t kTracestateLengthMax = 512;

// --- Endpoints -----------------------------------------------------------------------------------

inline constexpr std::size_t kUrlLengthMax = 2048;
inline constexpr std::size_t kDescriptionLengthMax = 1024;
inline constexpr std::size_t kEventTypesMax = 256;
inline constexpr std::size_t kHeadersMax = 32;
inline constexpr std::size_t kHeaderNameLengthMax = 128;
inline constexpr std::size_t kHeaderValueLengthMax = 4096;
inline constexpr std::int64_t kTimeoutMsMin = 1000;
inline constexpr std::int64_t kTimeoutMsMax = 60'000;
inline constexpr std::int64_t kInFlightPerEndpointMax = 1000;
inline constexpr std::size_t kRetryAttemptsMax = 100;
/// Requests of one period. Each one keeps its time, 8 bytes, and a row until the period is over.
inline constexpr std::int64_t kRateLimitMax = 10'000;
/// After a restart that lost the clock, an endpoint waits for a full period, so the period must be
/// short.
inline constexpr std::int64_t kRatePeriodMsMax = 3600LL * 1000;
/// A retry may wait this long; a longer wait outlives every secret rotation and most receivers.
inline constexpr std::int64_t kRetryDelayMsMax = 7LL * 24 * 3600 * 1000;
/// A longer Retry-After is cut to this.
inline constexpr std::int64_t kRetryAfterMsMax = 24LL * 3600 * 1000;
/// The count includes the old secrets of a rotation; each may add a signature to every request.
inline constexpr std::size_t kSecretsPerEndpointMax = 5;
/// An RSA key of 8192 bits has 6,400 bytes in PEM.
inline constexpr std::size_t kSecretLengthMax = 8192;
/// The name of a key, a key or a token of a destination.
inline constexpr std::size_t kCredentialLengthMax = 4096;
/// Interval at which the SQL outbox of a PostgreSQL database is polled.
inline constexpr std::chrono::milliseconds kOutboxPoll{50};
/// Events of one command whose filters are evaluated at once; each event is copied.
inline constexpr std::size_t kFilteredEventsMax = 64;
/// Total time for the filters of one event, for which the producer waits.
inline constexpr std::chrono::milliseconds kFiltersTime{5000};
inline constexpr std::int64_t kSecretOverlapSecondsMax = 30LL * 24 * 3600;

// --- Responses of receivers ----------------------------------------------------------------------

/// Bytes of a response body that are stored with its attempt.
inline constexpr std::size_t kResponseExcerptBytes = 4096;
/// No more of a response body is read; the status has decided by then.
inline constexpr std::size_t kResponseBytesMax = 64U << 10U;
inline constexpr std::size_t kResponseHeaderBytesMax = 64U << 10U;

// --- jq programs: limits that protect the programs of others -------------------------------------

inline constexpr std::size_t kProgramBytesMax = 16U << 10U;
/// Processor time of a program for one input. Templates of messages take microseconds.
inline constexpr std::chrono::milliseconds kProgramCpu{100};
/// Processor time for parsing an input, and for compiling a program. jq 1.6 needs 30 ms for any
/// program, because it compiles its own library each time.
inline constexpr std::chrono::milliseconds kProgramPrepareCpu{1000};
/// A worker process that does not respond for this long has failed. It is far above what the limits
/// of processor time allow.
inline constexpr std::chrono::milliseconds kProgramSilence{10'000};
/// Time for compiling a program when it is saved, including the wait in the queue.
inline constexpr std::chrono::milliseconds kProgramCheckTime{10'000};
/// Memory of a worker process for jq programs, beyond what it has after its start. jq needs 3 to
/// 100 times the size of an input.
inline constexpr std::size_t kProgramMemoryBytes = 64U << 20U;
inline constexpr std::size_t kProgramOutputBytesMax = 1U << 20U;
/// Bytes of a program's error message that are kept.
inline constexpr std::size_t kProgramErrorBytesMax = 512;
/// Compiled programs that one worker process caches, usually 25 KB each.
inline constexpr std::size_t kProgramsCached = 512;
/// Source text of the programs that one worker process caches; a compiled program can be 350 times
/// as large.
inline constexpr std::size_t kCachedProgramBytesMax = 128U << 10U;
/// Memory for cached programs, beyond the memory for running them.
inline constexpr std::size_t kProgramCacheBytes = 32U << 20U;
/// Worker processes that run jq programs.
inline constexpr std::size_t kProgramProcesses = 2;

// --- Internal limits -----------------------------------------------------------------------------

/// Commands in the writer's queue; a full queue means 503.
inline constexpr std::size_t kWriterQueueMax = 4096;
/// Events of one group commit, unless one batch has more. So a command or a settlement behind a
/// batch waits for one such group at most.
inline constexpr std::size_t kGroupEventsMax = 512;
/// Deliveries with payload that a lane holds in memory, besides those in flight. Further deliveries
/// are read from the store later, which costs a tenth of a delivery.
inline constexpr std::size_t kLaneReadyMax = 256;
/// Attempts of a lane that wait for programs or a token at once: enough to keep the workers busy,
/// and few of the slots that other lanes could use.
inline constexpr std::size_t kLanePreparingMax = 8;
/// Deliveries of one page of a lane. The dispatcher serves no other lane while it reads a page.
inline constexpr std::size_t kLanePageMax = 64;
/// Endpoints with pending deliveries that one query of a resync reads. The dispatcher serves no
/// lane meanwhile.
inline constexpr std::size_t kWaitingPageMax = 256;
/// Payload bytes that one lane holds in memory, so that a few lanes with large events do not use up
/// the limit of all lanes.
inline constexpr std::size_t kLaneReadyBytesMax = 1U << 20U;
/// Payload bytes that all lanes of a dispatcher hold in memory; above it deliveries stay in the
/// store.
inline constexpr std::size_t kReadyBytesMax = 64U << 20U;
/// Ordering keys that a lane remembers, either to look up or with the time at which their first
/// delivery is due. Beyond it the lane scans all of its ordering keys.
inline constexpr std::size_t kLaneKeysMax = 4096;
/// Bytes of ordering keys that all lanes of a dispatcher remember.
inline constexpr std::size_t kKeyBytesMax = 16U << 20U;
/// Ordering keys that one page of a scan reads, at a few microseconds each. The dispatcher serves
/// no other lane meanwhile.
inline constexpr std::size_t kScannedKeysMax = 128;
/// Ordering keys that a response about an endpoint searches for blocking deliveries, and blocking
/// deliveries that it names.
inline constexpr std::size_t kBlockedKeysMax = 2000;
inline constexpr std::size_t kBlockedShownMax = 10;
/// Pending deliveries that a response about an endpoint counts; above it the response says "at
/// least".
inline constexpr std::int64_t kWaitingCountMax = 1000;
/// Notifications in a dispatcher's queue; when it is full, the dispatcher reads further deliveries
/// from the store.
inline constexpr std::size_t kDispatcherInboxMax = 65'536;
/// Default of --max-in-flight: concurrent requests of the whole process.
inline constexpr std::size_t kInFlightDefault = 512;
inline constexpr std::size_t kInFlightMax = 10'000;
/// Test requests in flight, of all endpoints and of one. Each holds a connection to a receiver, a
/// connection to a client, and its event. They do not use the slots of deliveries.
inline constexpr std::size_t kTestsInFlightMax = 128;
inline constexpr std::size_t kTestsPerEndpointMax = 48;
/// Time for tokens and programs of a test request, beyond the endpoint's timeout.
inline constexpr std::chrono::milliseconds kTestPrepareTime{15'000};

inline constexpr std::size_t kListLimitDefault = 50;
inline constexpr std::size_t kListLimitMax = 250;
/// Rows that one page of a list may scan for filters that no index serves; then the page ends
/// early, with a cursor.
inline constexpr std::size_t kListScanRowsMax = 20'000;
/// Rows that a task or a sweep changes per transaction.
inline constexpr std::size_t kChunkRowsMax = 500;
/// Rows that retention removes per transaction. A group commit of single deliveries writes as many,
/// so retention keeps up with any rate.
inline constexpr std::size_t kRetentionRowsMax = 3 * kGroupEventsMax;
/// Rows, and bytes of their values, that a copy of a database writes per transaction. The copy
/// holds a few times as much in memory.
inline constexpr std::size_t kCopyRowsMax = 5000;
inline constexpr std::size_t kCopyBytesMax = 4U << 20U;
/// Live streams at once: each holds a thread.
inline constexpr std::size_t kStreamsMax = 16;

static_assert(kResponseExcerptBytes <= kResponseBytesMax);
static_assert(kLaneReadyBytesMax <= kReadyBytesMax);
static_assert(kLaneReadyMax <= kDispatcherInboxMax);
static_assert(kListLimitMax <= kListScanRowsMax);

}  // namespace postrider::limits
