#include "transport/curl/bare_post.h"

#include "transport/curl/curl_handles.h"

namespace postrider::curl {
namespace {

std::size_t ignore_bytes(char* /*data*/, std::size_t one, std::size_t size, void*) noexcept {
  return one * size;
}

class BarePosts {
 public:
  explicit BarePosts(const BarePost& plan) : plan_(plan) {}
  BarePosts(const BarePosts&) = delete;
  BarePosts& operator=(const BarePosts&) = delete;
  ~BarePosts() {
    for (const Slot& slot : slots_)
      static_cast<void>(curl_multi_remove_handle(multi_.get(), slot.easy.get()));
  }

  Status run() {
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(plan_.in_flight));
    set_headers();
    slots_.resize(plan_.in_flight);
    for (Slot& slot : slots_) {
      set_up(slot);
      next(slot);
    }
    while (true) {
      int running = 0;
      static_cast<void>(curl_multi_perform(multi_.get(), &running));
      if (auto taken = take_answers(); !taken) return taken;
      if (done_ == plan_.count) return {};
      static_cast<void>(curl_multi_poll(multi_.get(), nullptr, 0, kWaitMs, nullptr));
    }
  }

 private:
  static constexpr int kWaitMs = 1000;

  struct Slot {
    EasyHandle easy{curl_easy_init()};
    std::string body;
  };

  void set_headers() {
    for (const std::string& header : plan_.headers) {
      curl_slist* longer = curl_slist_append(headers_.get(), header.c_str());
      static_cast<void>(headers_.release());
      headers_.reset(longer);
    }
  }

  void set_up(Slot& slot) {
    CURL* easy = slot.easy.get();
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &ignore_bytes);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &slot);
  }

  void next(Slot& slot) {
    if (begun_ == plan_.count) return;
    CURL* easy = slot.easy.get();
    slot.body = plan_.body(begun_);
    curl_easy_setopt(easy, CURLOPT_URL, plan_.urls[begun_ % plan_.urls.size()].c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(slot.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, slot.body.data());
    curl_multi_add_handle(multi_.get(), easy);
    ++begun_;
  }

  Status take_answers() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      long status = 0;
      Slot* slot = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot);
      if (message->data.result != CURLE_OK || status != 200)
        return fail(Errc::kUnavailable, "a bare post failed", static_cast<int>(status));
      curl_multi_remove_handle(multi_.get(), message->easy_handle);
      ++done_;
      next(*slot);
    }
    return {};
  }

  const BarePost& plan_;
  MultiHandle multi_{curl_multi_init()};
  HeaderList headers_;
  std::vector<Slot> slots_;
  std::size_t begun_ = 0;
  std::size_t done_ = 0;
};

}  // namespace

Status post_bare(const BarePost& plan) { return BarePosts(plan).run(); }

}  // namespace postrider::curl
