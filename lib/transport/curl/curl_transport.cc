#include "transport/curl/curl_transport.h"

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "transport/curl/curl_handles.h"
#include "transport/curl/socket_poll.h"
#include "transport/curl/transfer.h"

namespace postrider::curl {
namespace {

/// Null when there is no memory. libcurl's global state is never freed: other users of libcurl in
/// the process could still be running.
MultiHandle make_multi() {
  static const CURLcode kCode = curl_global_init(CURL_GLOBAL_DEFAULT);
  return MultiHandle{kCode == CURLE_OK ? curl_multi_init() : nullptr};
}

}  // namespace

class CurlTransport::Impl {
 public:
  Impl(const Clock& clock, Options options)
      : clock_(clock), options_(std::move(options)), multi_(make_multi()) {
    CURLM* multi = multi_.get();
    const auto connections_max = static_cast<long>(options_.connections_max);
    ready_to_send_ =
        multi != nullptr && sockets_.ready() &&
        curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections_max) == CURLM_OK &&
        curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &Impl::on_socket) == CURLM_OK &&
        curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this) == CURLM_OK &&
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &Impl::on_timer) == CURLM_OK &&
        curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this) == CURLM_OK;
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    // An easy handle has to leave before either of the two is freed.
    for (Transfer* transfer : in_flight_) {
      static_cast<void>(curl_multi_remove_handle(multi_.get(), transfer->handle()));
    }
  }

  [[nodiscard]] Status ready() const {
    if (ready_to_send_) return {};
    return fail(
        Errc::kUnavailable, "no file descriptor or no memory left to send requests (ulimit -n)"
    );
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
    while (true) {
      run_timers(out);
      // What is ready is taken even when something is complete: sockets must not starve.
      const Millis left = out.size() > before ? Millis{0} : time_left(deadline);
      const bool woken = sockets_.wait(left, ready_);
      for (const auto& [socket, events] : ready_) act(socket, events);
      ready_.clear();
      collect(out);
      if (woken || out.size() > before || clock_.mono_now() >= deadline) return;
    }
  }

  void wake() noexcept { sockets_.wake(); }

 private:
  /// Fits into an int of milliseconds.
  static constexpr Millis kWaitMax{60'000};

  Transfer& take_idle() {
    if (idle_.empty()) {
      transfers_.push_back(std::make_unique<Transfer>(options_, sockets_));
      return *transfers_.back();
    }
    Transfer* transfer = idle_.back();
    idle_.pop_back();
    return *transfer;
  }

  static int on_socket(
      CURL* /*easy*/, curl_socket_t socket, int what, void* self, void* /*socket_data*/
  ) noexcept {
    static_cast<Impl*>(self)->sockets_.watch(socket, what);
    return 0;
  }

  /// Instead of the timeout it gave before; -1 = none.
  static int on_timer(CURLM* /*multi*/, long timeout_ms, void* self) noexcept {
    auto& impl = *static_cast<Impl*>(self);
    impl.timer_due_.reset();
    if (timeout_ms >= 0) impl.timer_due_ = impl.clock_.mono_now() + Millis{timeout_ms};
    return 0;
  }

  /// Until the deadline or libcurl's next timeout.
  [[nodiscard]] Millis time_left(MonoTime deadline) const {
    const MonoTime end = timer_due_ ? std::min(*timer_due_, deadline) : deadline;
    const auto left = std::chrono::ceil<Millis>(end - clock_.mono_now());
    return std::clamp(left, Millis{0}, kWaitMax);
  }

  void run_timers(std::vector<Completion>& out) {
    if (!timer_due_ || clock_.mono_now() < *timer_due_) return;
    timer_due_.reset();
    act(CURL_SOCKET_TIMEOUT, 0);
    collect(out);
  }

  void act(curl_socket_t socket, int events) {
    int running = 0;
    // It fails for misuse and for a lack of memory alone; in both cases transfers time out.
    static_cast<void>(curl_multi_socket_action(multi_.get(), socket, events, &running));
  }

  void collect(std::vector<Completion>& out) {
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
  bool ready_to_send_ = false;

  // The owner's thread, but for waking. Transfers are freed before the multi handle, and that
  // before what its connections tell: declared in the other order.
  SocketPoll sockets_;
  std::vector<SocketPoll::Ready> ready_;
  std::optional<MonoTime> timer_due_;
  MultiHandle multi_;
  std::vector<std::unique_ptr<Transfer>> transfers_;
  std::vector<Transfer*> idle_;
  std::unordered_set<Transfer*> in_flight_;
  std::vector<Completion> stillborn_;
};

CurlTransport::CurlTransport(const Clock& clock, Options options)
    : impl_(std::make_unique<Impl>(clock, std::move(options))) {}
CurlTransport::~CurlTransport() = default;

Status CurlTransport::ready() const { return impl_->ready(); }

void CurlTransport::submit(TransferId id, Request request) {
  impl_->submit(id, std::move(request));
}
void CurlTransport::poll(Millis wait, std::vector<Completion>& out) { impl_->poll(wait, out); }
void CurlTransport::wake() noexcept { impl_->wake(); }

}  // namespace postrider::curl
