#include "bench/disk_witness.h"

#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "base/system_error.h"
#include "bench/mark.h"

namespace postrider::bench {
namespace {

constexpr Millis kPause{20};

}  // namespace

Result<std::unique_ptr<DiskWitness>> DiskWitness::start(
    const std::string& directory, const Clock& clock
) {
  const std::string path = directory + "/postrider-bench.witness";
  Fd file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!file) {
    const int error = errno;
    return fail_system(Errc::kUnavailable, "cannot write " + path, error);
  }
  ::unlink(path.c_str());
  std::unique_ptr<DiskWitness> witness{new DiskWitness(std::move(file), clock)};
  witness->thread_ = std::jthread([&self = *witness] { self.run(); });
  return witness;
}

DiskWitness::~DiskWitness() { static_cast<void>(stop()); }

std::vector<std::int64_t> DiskWitness::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  if (thread_.joinable()) thread_.join();
  return std::exchange(calls_us_, {});
}

void DiskWitness::run() noexcept {
  const std::array<char, 4096> page{};
  off_t at = 0;
  while (true) {
    {
      const MutexLock lock(mutex_);
      if (!stopping_) static_cast<void>(stopped_.wait_for(mutex_, kPause));
      if (stopping_) return;
    }
    const MonoTime begin = clock_.mono_now();
    static_cast<void>(::pwrite(file_.get(), page.data(), page.size(), at) > 0);
    ::fdatasync(file_.get());
    calls_us_.push_back(to_us(clock_.mono_now()) - to_us(begin));
    at += static_cast<off_t>(page.size());
  }
}

}  // namespace postrider::bench
