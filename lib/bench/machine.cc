#include "bench/machine.h"

#include <fstream>
#include <string_view>
#include <thread>

#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "store/sqlite/version.h"
#include "transport/curl/version.h"

namespace postrider::bench {
namespace {

std::string processor() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::string line;
  while (std::getline(cpuinfo, line)) {
    if (!line.starts_with("model name")) continue;
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

std::string filesystem_of(const std::string& directory) {
  struct statfs info {};
  if (::statfs(directory.c_str(), &info) != 0) return "unknown";
  switch (static_cast<unsigned long>(info.f_type)) {
    case 0xEF53:
      return "ext4";
    case 0x58465342:
      return "xfs";
    case 0x9123683E:
      return "btrfs";
    case 0x01021994:
      return "tmpfs: nothing is synced";
    case 0x794C7630:
      return "overlayfs";
    case 0x2FC12FC1:
      return "zfs";
    default:
      return "type " + std::to_string(info.f_type);
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> describe_machine(const std::string& directory) {
  utsname kernel{};
  ::uname(&kernel);
  const auto memory_mib = ::sysconf(_SC_PHYS_PAGES) / 1024 * ::sysconf(_SC_PAGESIZE) / 1024;
  return {
      {"processor", processor()},
      {"cores", std::to_string(std::thread::hardware_concurrency())},
      {"memory", std::to_string(memory_mib) + " MiB"},
      {"kernel", std::string{kernel.sysname} + ' ' + kernel.release},
      {"filesystem", filesystem_of(directory)},
      {"sqlite", sqlite::library_version() + ", WAL, synchronous=FULL: every commit is synced"},
      {"libcurl", curl::library_version()}};
}

}  // namespace postrider::bench
