// Takes attempts from a due delivery to a classified response.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "domain/endpoint.h"
#include "engine/id_tokens.h"
#include "engine/request.h"
#include "engine/template_runner.h"
#include "store/records.h"
#include "transport/transport.h"

namespace postrider {

struct InFlightAttempt {
  DueDelivery due;
  std::shared_ptr<const Endpoint> endpoint;  ///< as it was when the attempt started
  MonoTime begun_at;
  WallTime started_at{};              ///< set by the last resume(), even if no request follows
  std::optional<MonoTime> sent_at{};  ///< when its last request was sent; empty if none was
};

struct AttemptResult {
  InFlightAttempt attempt;
  Response response;
  Classification classification;
  /// False when the attempt failed in its programs or in making the request, which does not affect
  /// the health of the endpoint. A failed token request does.
  bool counts_for_health = true;
};

/// Returns the attempt as it is recorded and shown, without id and number. Moves texts out of
/// `answer`.
[[nodiscard]] Attempt take_attempt(AttemptResult& answer);

/// An attempt whose token or programs are ready, or have failed.
struct Prepared {
  TransferId id = 0;
  /// False when its programs could not be run, which is not the endpoint's fault.
  bool can_resume = true;
};

/// The stage of an attempt after begin() or resume().
enum class AttemptStage : std::uint8_t {
  kPreparing,  ///< a later take_prepared() returns it
  kSent,       ///< its request was passed to the transport
  kEnded,      ///< a later advance() passes its result to `take`
};

/// Takes each attempt through its stages: an access token if the destination needs one, the output
/// of jq programs if the endpoint has some, the content, the request, the response. Owned by one
/// thread.
///
/// An attempt that had to be prepared is not sent before its caller calls resume(); abort() drops
/// it.
class AttemptPipeline {
 public:
  /// `transport` and `template_runner` outlive it. Its transfers get ids above `transfers_after`,
  /// which nothing else uses.
  AttemptPipeline(
      RequestOptions options,
      IdCodec ids,
      Transport& transport,
      TemplateRunner& template_runner,
      TransferId transfers_after = 0
  )
      : options_(std::move(options)),
        ids_(ids),
        transport_(transport),
        template_runner_(template_runner),
        transfer_last_(transfers_after) {}

  /// Starts an attempt. A later advance() passes its result to `take` once, unless it is aborted.
  [[nodiscard]] AttemptStage begin(InFlightAttempt attempt, WallTime wall_now, MonoTime mono_now);

  /// Takes the result of a job of the template runner; the next advance() processes it.
  void take_template_result(TemplateResult result) {
    template_results_.push_back(std::move(result));
  }

  /// Processes completed transfers and passes each attempt that ended to `take`, which must not
  /// start attempts. Calls `prepares` for attempts that were sent and must be prepared again.
  void advance(
      std::vector<Completion> completions,
      WallTime now,
      const std::function<void(AttemptResult&&)>& take,
      const std::function<void(const InFlightAttempt&)>& prepares
  );
  /// Returns the attempts that became ready for resume() or abort() since the last call.
  [[nodiscard]] std::vector<Prepared> take_prepared() { return std::exchange(prepared_, {}); }
  [[nodiscard]] const InFlightAttempt& attempt(TransferId id) const { return open_.at(id).attempt; }
  /// Sends the prepared attempt, or ends it with the error of its preparation.
  [[nodiscard]] AttemptStage resume(TransferId id, WallTime wall_now, MonoTime mono_now);
  /// Drops the attempt: it has no result.
  void abort(TransferId id) { open_.erase(id); }
  /// Whether advance() or take_prepared() would return something.
  [[nodiscard]] bool any_waiting() const { return !ended_.empty() || !prepared_.empty(); }

 private:
  /// Why an attempt ends without a response of its endpoint.
  struct Failure {
    Response response;
    Classification classification;
    bool counts_for_health = false;
  };
  struct Open {
    InFlightAttempt attempt;
    std::string token_key;  // names the token that the destination needs
    std::string token;      // sent with the request
    bool token_was_renewed = false;
    std::vector<std::string> outputs;  // of its jq programs
    std::optional<Failure> failure;
  };
  struct TokenRequest {
    std::string key;
    std::vector<TransferId> waiting;
  };

  /// Requests the token or the program output that the attempt needs. False when it needs neither.
  [[nodiscard]] bool prepare(TransferId id, WallTime now);
  /// Waits for the token that `config` needs, and requests it unless a request is in flight.
  void wait_for_token(TransferId id, const EndpointConfig& config, WallTime now);
  void take_outputs(TemplateResult result);
  void take_token(const TokenRequest& request, const Response& response, WallTime now);
  /// The preparation failed: the attempt ends with `failure` when it is resumed.
  void give_up(TransferId id, Failure failure);
  [[nodiscard]] AttemptResult close(
      TransferId id, Response&& response, Classification classification, bool counts_for_health
  );
  AttemptStage end(TransferId id, Failure failure);
  /// Nothing when the attempt is prepared again with a new token.
  [[nodiscard]] std::optional<AttemptResult> take_answer(
      TransferId id, Response&& response, WallTime now
  );

  const RequestOptions options_;
  const IdCodec ids_;
  Transport& transport_;
  TemplateRunner& template_runner_;
  IdTokens tokens_;
  std::unordered_map<TransferId, Open> open_;
  std::unordered_map<TransferId, TokenRequest> token_requests_;
  std::vector<TemplateResult> template_results_;  // since the last advance()
  std::vector<AttemptResult> ended_;              // since the last advance()
  std::vector<Prepared> prepared_;                // since the last take_prepared()
  TransferId transfer_last_;
};

}  // namespace postrider
