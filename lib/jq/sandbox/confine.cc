#include "jq/sandbox/confine.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <limits>
#include <string>

#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/limits.h"
#include "base/system_error.h"
#include "base/unique_handle.h"

namespace postrider::jq {
namespace {

using Filter = UniqueHandle<void, seccomp_release>;

/// What a stack may grow to, whatever the service was started with: nesting ends here.
constexpr rlim_t kStackBytes = 8U << 20U;

/// What the kernel holds against RLIMIT_DATA now, in bytes.
Result<std::size_t> data_bytes() {
  const Fd file{::open("/proc/self/statm", O_RDONLY | O_CLOEXEC)};
  std::array<char, 256> text{};
  if (!file || ::read(file.get(), text.data(), text.size() - 1) <= 0)
    return fail_system(Errc::kUnavailable, "cannot read /proc/self/statm", errno);
  // size resident shared text lib data, in pages
  std::size_t pages = 0;
  if (std::sscanf(text.data(), "%*u %*u %*u %*u %*u %zu", &pages) != 1)  // NOLINT(cert-err34-c)
    return fail(Errc::kInternal, "cannot understand /proc/self/statm");
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

Status limit(int resource, rlim_t value) {
  const rlimit both{value, value};
  if (::setrlimit(static_cast<__rlimit_resource_t>(resource), &both) == 0) return {};
  return fail_system(Errc::kInternal, "cannot limit resource " + std::to_string(resource), errno);
}

Status limit_resources(const SandboxLimits& sandbox) {
  if (kMemoryIsLimited) {
    const auto now = data_bytes();
    if (!now) return tl::unexpected(now.error());
    if (auto set = limit(RLIMIT_DATA, *now + sandbox.memory_bytes + limits::kProgramCacheBytes);
        !set)
      return set;
  }
  for (const int none : {RLIMIT_CORE, RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_FSIZE, RLIMIT_MEMLOCK}) {
    if (auto set = limit(none, 0); !set) return set;
  }
  return limit(RLIMIT_STACK, kStackBytes);
}

/// Allows a call whose argument number `argument` is, of the bits in `mask`, what `value` is.
int allow_if(
    scmp_filter_ctx filter, int call, unsigned argument, scmp_datum_t mask, scmp_datum_t value
) {
  const scmp_arg_cmp compared{argument, SCMP_CMP_MASKED_EQ, mask, value};
  return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &compared);
}

int allow_calls(scmp_filter_ctx filter, int socket) {
  constexpr auto kAllBits = std::numeric_limits<std::uint32_t>::max();
  int result = 0;
  for (const int call : {SCMP_SYS(recvfrom), SCMP_SYS(sendto)}) {
    const auto to = static_cast<scmp_datum_t>(socket);
    result = std::min(result, allow_if(filter, call, 0, kAllBits, to));
  }
  // Memory of its own, but nothing that could be called.
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    result = std::min(result, allow_if(filter, call, 2, PROT_EXEC, 0));
  }
  for (const int call :
       {SCMP_SYS(brk),
        SCMP_SYS(madvise),
        SCMP_SYS(mremap),
        SCMP_SYS(munmap),
        SCMP_SYS(futex),
        SCMP_SYS(sched_yield),
        SCMP_SYS(getrandom),
        SCMP_SYS(clock_gettime),
        SCMP_SYS(gettimeofday),
        SCMP_SYS(time),
        SCMP_SYS(timer_settime),
        SCMP_SYS(rt_sigreturn),
        SCMP_SYS(exit),
        SCMP_SYS(exit_group)}) {
    result = std::min(result, seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0));
  }
  // AddressSanitizer asks for the stack of signal handlers before a process ends.
  if (kSanitized) {
    const int call = SCMP_SYS(sigaltstack);
    result = std::min(result, seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0));
  }
  return result;
}

Status filter_calls(int socket) {
  const Filter filter{seccomp_init(SCMP_ACT_ERRNO(EPERM))};
  if (!filter) return fail(Errc::kInternal, "cannot make a filter of system calls");
  int result = allow_calls(filter.get(), socket);
  if (result == 0) result = seccomp_load(filter.get());
  if (result == 0) return {};
  return fail_system(Errc::kUnavailable, "cannot filter system calls", -result);
}

}  // namespace

Status confine(int socket, const SandboxLimits& sandbox) {
  // Neither a core file nor another process of this user sees into it.
  if (::prctl(PR_SET_DUMPABLE, 0) != 0)
    return fail_system(Errc::kInternal, "cannot be made undumpable", errno);
  if (auto limited = limit_resources(sandbox); !limited) return limited;
  return filter_calls(socket);
}

}  // namespace postrider::jq
