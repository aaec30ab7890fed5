#include "tests/tidy/rules.h"

namespace postrider::tidy {
namespace {

// Tests may open what they test with the C library itself, and run receivers of their own; hence
// `tests/` with most libraries. Time is real only where a process is tested from outside.
constexpr BannedCode kBannedCode[] = {
    // Time and threads.
    {"::now(",
     "take a Clock (lib/base/clock.h)",
     {"lib/base/clock.cc", "tests/support/", "tests/integration/"}},
    {"sleep_for", "wait for the event, with a bound", {"tests/support/", "tests/integration/"}},
    {"sleep_until", "wait for the event, with a bound", {"tests/support/", "tests/integration/"}},
    {"usleep(", "wait for the event, with a bound"},
    {"detach(", "keep the std::jthread and join it"},
    {"std::thread ", "use std::jthread, which joins"},
    {"std::thread(", "use std::jthread, which joins"},
    {"std::thread{", "use std::jthread, which joins"},
    {"std::thread>", "use std::jthread, which joins"},
    {"std::mutex", "use Mutex (lib/base/mutex.h), which clang checks", {"lib/base/mutex.h"}},
    {"std::condition_variable", "use CondVar (lib/base/mutex.h)", {"lib/base/mutex.h"}},
    {"volatile", "use std::atomic"},
    // Randomness.
    {"rand(", "take a Prng (lib/base/prng.h)"},
    {"std::mt19937", "take a Prng (lib/base/prng.h)"},
    {"std::random_device", "take a Prng, or crypto/random.h for keys"},
    // Text and errors.
    {"sprintf(", "use fmt"},
    {"strcpy(", "use std::string"},
    {"strcat(", "use std::string"},
    {"atoi(", "use std::from_chars"},
    {"std::regex", "write the loop: std::regex recurses over its input", {"lib/json/"}},
    {"std::endl", "write '\\n': endl flushes"},
    {"assert(", "use POSTRIDER_ASSERT, which stays on in release"},
    {"(void)", "handle it, or static_cast<void> with the reason"},
    // Each library is wrapped once.
    {"sqlite3_", "go through the store", {"lib/store/sqlite/", "tests/"}},
    {"<sqlite3.h>", "go through the store", {"lib/store/sqlite/", "tests/"}},
    {"PQ", "go through the store", {"lib/store/postgres/", "tests/"}},
    {"<libpq-fe.h>", "go through the store", {"lib/store/postgres/", "tests/"}},
    {"curl_", "go through the transport", {"lib/transport/curl/", "tests/"}},
    {"CURLOPT", "go through the transport", {"lib/transport/curl/", "tests/"}},
    {"<curl/", "go through the transport", {"lib/transport/curl/", "tests/"}},
    {"<openssl/", "go through lib/crypto", {"lib/crypto/", "tests/support/"}},
    {"<httplib.h>", "go through lib/http", {"lib/http", "tests/"}},
    {"<rapidjson/", "use json/raw_json.h, which validates everything"},
    {"<valijson/", "go through lib/json", {"lib/json/"}},
    {"<jq.h>", "go through jq/program_runner.h", {"lib/jq/sandbox/"}},
    {"<seccomp.h>", "go through jq/program_runner.h", {"lib/jq/sandbox/"}},
    {"<prometheus/", "go through lib/metrics", {"lib/metrics/"}},
    {"<CLI/", "only the command line parses flags", {"app/"}},
};

}  // namespace

std::span<const BannedCode> banned_code() { return kBannedCode; }

std::span<const WordToAvoid> words_to_avoid() {
  static constexpr std::array kWords{
      WordToAvoid{"anew", "again"},
      WordToAvoid{"likewise", "the sentence in full"},
      WordToAvoid{"reckoned", "estimated or counted"},
      WordToAvoid{"whoever", "who it is, such as the caller"},
  };
  return kWords;
}

}  // namespace postrider::tidy
