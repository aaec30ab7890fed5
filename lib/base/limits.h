// Every bound of the product, with what breaks above it. The API names the limit it refused by.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace postrider::limits {

// --- What producers send -------------------------------------------------------------------------

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
/// Values of one body that are looked at by themselves: above it a body of 16 MiB of tiny values
/// would take fifty times its size in memory. Enough for a full batch with every member set.
inline constexpr std::size_t kRawValuesMax = 1U << 19U;
/// Wrong members that one answer names; the rest is left out.
inline constexpr std::size_t kFieldErrorsMax = 1000;
inline constexpr std::size_t kTypeLengthMax = 128;

// --- Schemas of event types: each bounds what one event can cost to check ------------------------

inline constexpr std::size_t kSchemaBytesMax = 64U << 10U;
/// Nesting of a schema with its references followed; the validator recurses this deep.
inline constexpr std::size_t kSchemaDepthMax = 64;
/// Parts of a schema, counted anew for each reference to them.
inline constexpr std::size_t kSchemaNodesMax = 10'000;
inline constexpr std::size_t kSchemaPatternBytesMax = 256;
/// Strings that a pattern applies to; the worst patterns take the cube of it.
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
/// Requests of one period: the instant of each is kept, 8 bytes, and a row until the period is
/// over.
inline constexpr std::int64_t kRateLimitMax = 10'000;
/// After a restart that lost the clock a full period is waited for; nobody wants that to be longer.
inline constexpr std::int64_t kRatePeriodMsMax = 3600LL * 1000;
/// A retry may wait this long; a longer wait outlives every secret rotation and most receivers.
inline constexpr std::int64_t kRetryDelayMsMax = 7LL * 24 * 3600 * 1000;
/// Retry-After is believed up to here.
inline constexpr std::int64_t kRetryAfterMsMax = 24LL * 3600 * 1000;
/// With the old ones of a rotation; each may add a signature to every request.
inline constexpr std::size_t kSecretsPerEndpointMax = 5;
/// An RSA key of 8192 bits in PEM has 6,400.
inline constexpr std::size_t kSecretLengthMax = 8192;
/// A key's name, a key or a token of a destination.
inline constexpr std::size_t kCredentialLengthMax = 4096;
/// Between two looks for rows of the SQL outbox where nothing tells of them.
inline constexpr std::chrono::milliseconds kOutboxPoll{50};
/// Events of one command whose filters are noted before they run: each is copied.
inline constexpr std::size_t kFilteredEventsMax = 64;
/// What the filters of one event may take in all: a producer waits for it.
inline constexpr std::chrono::milliseconds kFiltersTime{5000};
inline constexpr std::int64_t kSecretOverlapSecondsMax = 30LL * 24 * 3600;

// --- What receivers answer -----------------------------------------------------------------------

/// Bytes of a response that are kept with its attempt.
inline constexpr std::size_t kResponseExcerptBytes = 4096;
/// A response is read no further than this; the status has decided by then.
inline constexpr std::size_t kResponseBytesMax = 64U << 10U;
inline constexpr std::size_t kResponseHeaderBytesMax = 64U << 10U;

// --- jq programs: what one of them can cost the others -------------------------------------------

inline constexpr std::size_t kProgramBytesMax = 16U << 10U;
/// Processor time of a program over one input. Templates of messages take microseconds.
inline constexpr std::chrono::milliseconds kProgramCpu{100};
/// Processor time of reading an input, and of compiling a program: jq 1.6 needs 30 ms for any,
/// because it compiles its own library each time.
inline constexpr std::chrono::milliseconds kProgramPrepareCpu{1000};
/// Of a process that runs programs without a sign of life: far above what processor time allows.
inline constexpr std::chrono::milliseconds kProgramSilence{10'000};
/// What compiling a program may take when it is saved, with the wait for its turn.
inline constexpr std::chrono::milliseconds kProgramCheckTime{10'000};
/// Memory of a process that runs programs, beyond what it has after its start. jq holds an input in
/// 3 to 100 times its size.
inline constexpr std::size_t kProgramMemoryBytes = 64U << 20U;
inline constexpr std::size_t kProgramOutputBytesMax = 1U << 20U;
/// Of a program's error that is kept.
inline constexpr std::size_t kProgramErrorBytesMax = 512;
/// Compiled programs that one process keeps: 25 KB each, as a rule.
inline constexpr std::size_t kProgramsCached = 512;
/// Text of the programs that one process keeps: what it compiles to can be 350 times as large.
inline constexpr std::size_t kCachedProgramBytesMax = 128U << 10U;
/// Memory for them, beyond what programs may use when they run.
inline constexpr std::size_t kProgramCacheBytes = 32U << 20U;
/// Processes that run programs.
inline constexpr std::size_t kProgramProcesses = 2;

// --- Inside --------------------------------------------------------------------------------------

/// Commands waiting for the writer; full means 503.
inline constexpr std::size_t kWriterQueueMax = 4096;
/// Events of one group commit, unless one batch has more: what comes behind a batch, and what waits
/// for a settlement, is held up by one such group at most.
inline constexpr std::size_t kGroupEventsMax = 512;
/// Deliveries with payload that a lane holds ready, besides those in flight. What finds no room is
/// read from the store again, a tenth of what a delivery costs.
inline constexpr std::size_t kLaneReadyMax = 256;
/// Attempts of a lane that wait for programs or a token at once: enough to keep these busy, and few
/// of the slots that others could use.
inline constexpr std::size_t kLanePreparingMax = 8;
/// Deliveries of one page of a lane: while it is read, nobody else is served.
inline constexpr std::size_t kLanePageMax = 64;
/// Endpoints with pending deliveries that are looked up at once: likewise.
inline constexpr std::size_t kWaitingPageMax = 256;
/// Payload bytes that one lane holds ready, so that a few lanes with large events do not use up
/// what all may hold.
inline constexpr std::size_t kLaneReadyBytesMax = 1U << 20U;
/// Payload bytes that all lanes of a dispatcher hold ready; above it deliveries wait in the store
/// alone.
inline constexpr std::size_t kReadyBytesMax = 64U << 20U;
/// Lines of ordered deliveries that a lane remembers to look up, or when their heads are due;
/// beyond it the lane walks through all of its lines.
inline constexpr std::size_t kLaneKeysMax = 4096;
/// What all lanes of a dispatcher remember so, in bytes.
inline constexpr std::size_t kKeyBytesMax = 16U << 20U;
/// Lines that one page of a scan looks at: a few microseconds each, in which no other lane is
/// served.
inline constexpr std::size_t kScannedKeysMax = 128;
/// Lines that an endpoint's answer looks at for what blocks it, and heads that it names.
inline constexpr std::size_t kBlockedKeysMax = 2000;
inline constexpr std::size_t kBlockedShownMax = 10;
/// Pending deliveries that an endpoint's answer counts; above it the answer says "at least".
inline constexpr std::int64_t kWaitingCountMax = 1000;
/// Messages waiting for a dispatcher; above it fresh deliveries are left to paging.
inline constexpr std::size_t kDispatcherInboxMax = 65'536;
/// Default of --max-in-flight: requests of the whole process at once.
inline constexpr std::size_t kInFlightDefault = 512;
inline constexpr std::size_t kInFlightMax = 10'000;
/// Test requests in flight, of all endpoints and of one: each holds a connection to a receiver, one
/// to a client, and its event. They take no slots of deliveries.
inline constexpr std::size_t kTestsInFlightMax = 128;
inline constexpr std::size_t kTestsPerEndpointMax = 48;
/// What a test request may take beyond the endpoint's timeout, for tokens and programs.
inline constexpr std::chrono::milliseconds kTestPrepareTime{15'000};

inline constexpr std::size_t kListLimitDefault = 50;
inline constexpr std::size_t kListLimitMax = 250;
/// Rows that one page of a list may look at for filters that no index serves; the page then ends
/// early, with a cursor.
inline constexpr std::size_t kListScanRowsMax = 20'000;
/// Rows that a task or a sweep changes per transaction.
inline constexpr std::size_t kChunkRowsMax = 500;
/// Rows that retention removes per transaction: a group commit of single deliveries writes as many,
/// so that retention keeps up with any rate.
inline constexpr std::size_t kRetentionRowsMax = 3 * kGroupEventsMax;
/// Rows, and bytes of their values, that a copy of a database writes per transaction. It holds a
/// few times as much in memory.
inline constexpr std::size_t kCopyRowsMax = 5000;
inline constexpr std::size_t kCopyBytesMax = 4U << 20U;
/// Live streams at once: each holds a thread.
inline constexpr std::size_t kStreamsMax = 16;

static_assert(kResponseExcerptBytes <= kResponseBytesMax);
static_assert(kLaneReadyBytesMax <= kReadyBytesMax);
static_assert(kLaneReadyMax <= kDispatcherInboxMax);
static_assert(kListLimitMax <= kListScanRowsMax);

}  // namespace postrider::limits
