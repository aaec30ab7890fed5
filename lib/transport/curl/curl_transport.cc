#include "transport/curl/curl_transport.h"

#include <algorithm>
#include <atomic>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "transport/curl/curl_handles.h"
#include "transport/curl/transfer.h"

namespace postrider::curl {
namespace {

/// Never undone: other users of libcurl in the process could still be running.
void init_once() {
  static const CURLcode kCode = curl_global_init(CURL_GLOBAL_DEFAULT);
  POSTRIDER_ASSERT(kCode == CURLE_OK);
}

MultiHandle make_multi() {
  init_once();
  return MultiHandle{curl_multi_init()};
}

}  // namespace

class CurlTransport::Impl {
 public:
  Impl(const Clock& clock, Options options)
      : clock_(clock), options_(std::move(options)), multi_(make_multi()) {
    POSTRIDER_ASSERT(multi_ != nullptr);
    const auto connections_max = static_cast<long>(options_.connections_max);
    POSTRIDER_ASSERT(
        curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, connections_max) == CURLM_OK
    );
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    // An easy handle has to leave before either of the two is freed.
    for (Transfer* transfer : in_flight_) {
      static_cast<void>(curl_multi_remove_handle(multi_.get(), transfer->handle()));
    }
  }

  void submit(TransferId id, Request request) {
    Transfer& transfer = take_idle();
    const bool begun = transfer.prepare(id, std::move(request)) &&
                       curl_multi_add_handle(multi_.get(), transfer.handle()) == CURLM_OK;
    if (begun) {
      in_flight_.insert(&transfer);
      return;
    }
    stillborn_.push_back(transfer.finish(CURLE_FAILED_INIT));
    idle_.push_back(&transfer);
  }

  void poll(Millis wait, std::vector<Completion>& out) {
    const std::size_t before = out.size();
    const MonoTime deadline = clock_.mono_now() + wait;
    std::move(stillborn_.begin(), stillborn_.end(), std::back_inserter(out));
    stillborn_.clear();
    advance(out);
    // libcurl's own wait also ends for bytes that complete nothing.
    while (out.size() == before && !woken_.exchange(false)) {
      const auto left = std::chrono::ceil<Millis>(deadline - clock_.mono_now());
      if (left <= Millis{0}) return;
      const int wait_ms = static_cast<int>(std::min(left, kWaitMax).count());
      static_cast<void>(curl_multi_poll(multi_.get(), nullptr, 0, wait_ms, nullptr));
      advance(out);
    }
  }

  void wake() noexcept {
    woken_.store(true);
    static_cast<void>(curl_multi_wakeup(multi_.get()));
  }

 private:
  /// Fits into an int of milliseconds.
  static constexpr Millis kWaitMax{60'000};

  Transfer& take_idle() {
    if (idle_.empty()) {
      transfers_.push_back(std::make_unique<Transfer>(options_));
      return *transfers_.back();
    }
    Transfer* transfer = idle_.back();
    idle_.pop_back();
    return *transfer;
  }

  void advance(std::vector<Completion>& out) {
    int running = 0;
    // It fails for misuse and for a lack of memory alone; in both cases transfers time out.
    static_cast<void>(curl_multi_perform(multi_.get(), &running));
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      complete(message->easy_handle, message->data.result, out);
    }
  }

  void complete(CURL* easy, CURLcode code, std::vector<Completion>& out) {
    Transfer* transfer = nullptr;
    static_cast<void>(curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer));
    POSTRIDER_ASSERT(transfer != nullptr);
    POSTRIDER_ASSERT(in_flight_.erase(transfer) == 1);
    static_cast<void>(curl_multi_remove_handle(multi_.get(), easy));
    out.push_back(transfer->finish(code));
    idle_.push_back(transfer);
  }

  // Constant after construction.
  const Clock& clock_;
  const Options options_;

  // Any thread.
  std::atomic<bool> woken_{false};

  // The owner's thread. Transfers are freed before the multi handle: declared after it.
  MultiHandle multi_;
  std::vector<std::unique_ptr<Transfer>> transfers_;
  std::vector<Transfer*> idle_;
  std::unordered_set<Transfer*> in_flight_;
  std::vector<Completion> stillborn_;
};

CurlTransport::CurlTransport(const Clock& clock, Options options)
    : impl_(std::make_unique<Impl>(clock, std::move(options))) {}
CurlTransport::~CurlTransport() = default;

void CurlTransport::submit(TransferId id, Request request) {
  impl_->submit(id, std::move(request));
}
void CurlTransport::poll(Millis wait, std::vector<Completion>& out) { impl_->poll(wait, out); }
void CurlTransport::wake() noexcept { impl_->wake(); }

}  // namespace postrider::curl
