// Attempts under way: from a delivery that is due to its judged answer.
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
  std::shared_ptr<const Endpoint> endpoint;  ///< as it was when the attempt began
  MonoTime begun_at;
  WallTime started_at{};              ///< once it is prepared
  std::optional<MonoTime> sent_at{};  ///< of its last request to the endpoint
};

struct AttemptResult {
  InFlightAttempt attempt;
  Response response;
  Judgement judgement;
  /// False when the attempt ended by its programs: it says nothing of its endpoint.
  bool tells_health = true;
};

/// The attempt as it is recorded and shown, without its id and number. Takes the texts of `answer`.
[[nodiscard]] Attempt take_attempt(AttemptResult& answer);

/// An attempt that has what it waited for, or will not get it.
struct Prepared {
  TransferId id = 0;
  /// False when its programs could not be run, by nobody's fault.
  bool can_resume = true;
};

/// What became of an attempt that begins or goes on.
enum class AttemptStage : std::uint8_t {
  kPreparing,  ///< a later take_prepared() has it
  kSent,       ///< its request is with the transport
  kEnded,      ///< a later advance() has its answer
};

/// Takes each attempt through what its destination needs: a token where it asks for one, the output
/// of programs where it has some, the content, the request. Owned by one thread.
///
/// An attempt that had to be prepared waits for a word of whoever began it: resume() or abort().
class AttemptPipeline {
 public:
  /// `transport` and `template_runner` outlive it. The ids of its transfers are larger than
  /// `transfers_after`, and of no other.
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

  /// Each attempt that begins has one answer from a later advance(), unless it is dropped.
  [[nodiscard]] AttemptStage begin(InFlightAttempt attempt, WallTime wall_now, MonoTime mono_now);

  /// What the template runner made of a job; looked at by the next advance().
  void take_template_result(TemplateResult result) {
    template_results_.push_back(std::move(result));
  }

  /// Takes what the transport completed and hands out the attempts that ended. `take` may begin
  /// none. `prepares` is told of attempts that were sent and have to be prepared again.
  void advance(
      std::vector<Completion> completions,
      WallTime now,
      const std::function<void(AttemptResult&&)>& take,
      const std::function<void(const InFlightAttempt&)>& prepares
  );
  /// Those that wait for resume() or abort() since the last call.
  [[nodiscard]] std::vector<Prepared> take_prepared() { return std::exchange(prepared_, {}); }
  [[nodiscard]] const InFlightAttempt& attempt(TransferId id) const { return open_.at(id).attempt; }
  /// Sends what was prepared, or ends the attempt by what kept it from that.
  [[nodiscard]] AttemptStage resume(TransferId id, WallTime wall_now, MonoTime mono_now);
  /// Forgets the attempt.
  void abort(TransferId id) { open_.erase(id); }
  /// Whether advance() or take_prepared() has something to hand out.
  [[nodiscard]] bool any_waiting() const { return !ended_.empty() || !prepared_.empty(); }

 private:
  /// Why an attempt ends without an answer of its endpoint. `response` holds what kept it from one.
  struct Failure {
    Response response;
    Judgement judgement;
    bool tells_health = false;
  };
  struct Open {
    InFlightAttempt attempt;
    std::string token_key;  // of a destination that asks for a token
    std::string token;      // that the request carries
    bool token_was_renewed = false;
    std::vector<std::string> outputs;  // of its programs
    std::optional<Failure> failure;
  };
  struct TokenRequest {
    std::string key;
    std::vector<TransferId> waiting;
  };

  /// Whether the attempt waits for something now.
  [[nodiscard]] bool prepare(TransferId id, WallTime now);
  /// Waits for the token that `config` needs, and asks for it unless somebody did.
  void wait_for_token(TransferId id, const EndpointConfig& config, WallTime now);
  void take_outputs(TemplateResult result);
  void take_token(const TokenRequest& request, const Response& response, WallTime now);
  /// It cannot be prepared.
  void give_up(TransferId id, Failure failure);
  [[nodiscard]] AttemptResult close(
      TransferId id, Response&& response, Judgement judgement, bool tells_health
  );
  AttemptStage end(TransferId id, Failure failure);
  /// Nothing when the attempt is prepared again, with another token.
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
  std::vector<AttemptResult> ended_;              // likewise
  std::vector<Prepared> prepared_;                // since the last take_prepared()
  TransferId transfer_last_;
};

}  // namespace postrider
