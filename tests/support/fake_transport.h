// A transport that returns the answers that a test sets, without a network.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "transport/transport.h"

namespace postrider::testing {

/// Controls FakeTransport from a test. Thread-safe; shared by the test and the transport,
/// which the service owns.
class FakeReceiver {
 public:
  using Answer = std::function<Response(const Request&)>;

  /// Answers all later requests with `answer`.
  void answer_with(Answer answer) {
    const MutexLock lock(mutex_);
    answer_ = std::move(answer);
  }
  void answer_status(int status, std::string body = {}) {
    answer_with([status, body = std::move(body)](const Request&) {
      Response response;
      response.status = status;
      response.body = body;
      return response;
    });
  }
  /// From now on requests stay without an answer.
  void answer_nobody() {
    const MutexLock lock(mutex_);
    is_silent_ = true;
  }
  /// Waits up to 20 s for that many requests.
  [[nodiscard]] bool await_requests(std::size_t count) {
    const MutexLock lock(mutex_);
    bool in_time = true;
    while (requests_.size() < count && in_time)
      in_time = arrived_.wait_for(mutex_, std::chrono::seconds(20));
    return requests_.size() >= count;
  }
  [[nodiscard]] std::vector<Request> requests() const {
    const MutexLock lock(mutex_);
    return requests_;
  }

 private:
  friend class FakeTransport;

  mutable Mutex mutex_;
  CondVar changed_;
  CondVar arrived_;
  bool is_silent_ POSTRIDER_GUARDED_BY(mutex_) = false;
  Answer answer_ POSTRIDER_GUARDED_BY(mutex_);
  std::vector<Request> requests_ POSTRIDER_GUARDED_BY(mutex_);
  std::vector<Completion> done_ POSTRIDER_GUARDED_BY(mutex_);
  bool woken_ POSTRIDER_GUARDED_BY(mutex_) = false;
};

class FakeTransport final : public Transport {
 public:
  explicit FakeTransport(std::shared_ptr<FakeReceiver> receiver) : receiver_(std::move(receiver)) {}

  void submit(TransferId id, Request request) override {
    const MutexLock lock(receiver_->mutex_);
    Completion completion;
    completion.id = id;
    if (receiver_->answer_) {
      completion.response = receiver_->answer_(request);
    } else {
      completion.response.status = 200;
    }
    receiver_->requests_.push_back(std::move(request));
    if (!receiver_->is_silent_) receiver_->done_.push_back(std::move(completion));
    receiver_->arrived_.notify_all();
  }

  void poll(Millis wait, std::vector<Completion>& out) override {
    FakeReceiver& receiver = *receiver_;
    const MutexLock lock(receiver.mutex_);
    if (receiver.done_.empty() && !receiver.woken_) {
      receiver.changed_.wait_for(receiver.mutex_, wait);
    }
    receiver.woken_ = false;
    for (auto& completion : receiver.done_) out.push_back(std::move(completion));
    receiver.done_.clear();
  }

  void wake() noexcept override {
    const MutexLock lock(receiver_->mutex_);
    receiver_->woken_ = true;
    receiver_->changed_.notify_all();
  }

 private:
  const std::shared_ptr<FakeReceiver> receiver_;
};

}  // namespace postrider::testing
