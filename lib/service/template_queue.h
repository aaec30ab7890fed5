// TemplateQueue passes the jq programs of attempts to the program runner and their outputs back to
// the dispatcher.
#pragma once

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "engine/template_runner.h"

namespace postrider {

/// Only the dispatcher's thread calls submit() and take().
class TemplateQueue final : public TemplateRunner {
 public:
  /// `runner` outlives the last submit() and is destroyed before this. `wake` is called on the
  /// runner's threads when take() has something to return.
  TemplateQueue(ProgramRunner& runner, std::function<void()> wake)
      : runner_(runner), wake_(std::move(wake)) {}

  void submit(TransferId id, ProgramJob job) override {
    runner_.submit(std::move(job), [this, id](std::vector<ProgramOutput> outputs) {
      {
        const MutexLock lock(mutex_);
        tell(outputs);
        rendered_.push_back({id, std::move(outputs)});
      }
      wake_();
    });
  }

  /// Returns the results since the last call.
  [[nodiscard]] std::vector<TemplateResult> take() {
    const MutexLock lock(mutex_);
    return std::exchange(rendered_, {});
  }

 private:
  /// Logs when programs cannot be run, and when they can be run again. Deliveries wait in between.
  void tell(const std::vector<ProgramOutput>& outputs) POSTRIDER_REQUIRES(mutex_) {
    const auto not_run = std::find_if(outputs.begin(), outputs.end(), [](const auto& output) {
      return !output && output.error().code != Errc::kInvalidArgument;
    });
    if ((not_run == outputs.end()) == can_run_) return;
    can_run_ = !can_run_;
    if (can_run_) return log::info("jq programs run again");
    log::warning("cannot run jq programs", {{"reason", not_run->error().context}});
  }

  ProgramRunner& runner_;
  const std::function<void()> wake_;
  Mutex mutex_;
  std::vector<TemplateResult> rendered_ POSTRIDER_GUARDED_BY(mutex_);
  bool can_run_ POSTRIDER_GUARDED_BY(mutex_) = true;
};

}  // namespace postrider
