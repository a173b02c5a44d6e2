#include "apps/netlab/host.hpp"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "apps/netlab/link.hpp"
#include "apps/netlab/unsupported.hpp"
#include "apps/netlab/wire.hpp"

namespace pliant::netlab {
namespace {

constexpr const char* kTun = "/dev/net/tun";
constexpr unsigned kPrefix = 24;
constexpr unsigned kLoopback = 1;  // the kernel's number for lo in every network namespace

/// A little below the link's rate, so that no queue grows behind the host's own.
constexpr double kShare = 0.999;
// Time of its link that a host may send at once, but at least a few packets. Longer chains would save work
// and make the emulated link coarser.
constexpr double kChain_s = 2e-3;
constexpr double kLeastChain = 3;
constexpr double kLongestChain = 65536;
constexpr double kHeaders = 120;  // Ethernet's, IP's and TCP's, with their options, at most
// Ethernet's header, and the whole overhead of a frame on a wire: checksum, preamble and gap included.
constexpr unsigned kHeader = kEthernetHeader;
constexpr unsigned kWireOverhead = 38;

Namespaces current_namespaces() {
  const std::string own = "/proc/self/ns/";
  return {open_file(own + "net", O_RDONLY), open_file(own + "uts", O_RDONLY),
          open_file(own + "ipc", O_RDONLY), open_file(own + "mnt", O_RDONLY)};
}

/// On destruction, goes back to the namespaces that were current on construction.
class Return {
 public:
  Return() : namespaces_(current_namespaces()) {}
  Return(const Return&) = delete;
  ~Return() {
    setns(namespaces_.network.get(), CLONE_NEWNET);
    setns(namespaces_.uts.get(), CLONE_NEWUTS);
    setns(namespaces_.ipc.get(), CLONE_NEWIPC);
    setns(namespaces_.mount.get(), CLONE_NEWNS);
  }

 private:
  Namespaces namespaces_;
};

Descriptor open_tap() {
  const int number = ::open(kTun, O_RDWR | O_CLOEXEC | O_NONBLOCK);
  const int error = errno;
  Descriptor device(number);
  if (!device.is_open())
    throw unsupported(std::string(kTun) + " cannot be opened: " + std::strerror(error),
                      "emulated hosts need TUN devices",
                      error == EACCES || error == EPERM
                          ? "Run it as root, or let root open it: chmod 0666 " + std::string(kTun)
                          : "Load the kernel's module: modprobe tun");
  ifreq request{};
  std::strncpy(request.ifr_name, kDevice, IFNAMSIZ - 1);
  request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
  if (ioctl(device.get(), TUNSETIFF, &request) < 0)
    throw unsupported(std::string("making a TAP device: ") + std::strerror(errno),
                      "emulated hosts need TUN devices", "Run it as root");
  // TCP may hand over a chain of segments in one frame, without checksums.
  constexpr unsigned long kOffload = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
  check_system(ioctl(device.get(), TUNSETOFFLOAD, kOffload), "setting a TAP device's offloads");
  int header = kVirtioHeader;
  check_system(ioctl(device.get(), TUNSETVNETHDRSZ, &header), "setting a TAP device's header");
  return device;
}

unsigned device_number() {
  const Descriptor socket(check_system(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "opening a socket"));
  ifreq request{};
  std::strncpy(request.ifr_name, kDevice, IFNAMSIZ - 1);
  check_system(ioctl(socket.get(), SIOCGIFINDEX, &request), "looking up a TAP device");
  return static_cast<unsigned>(request.ifr_ifindex);
}

/// Does nothing if the kernel lacks IPv6 and hence this file.
void switch_off_ipv6() {
  const char* const file = "/proc/sys/net/ipv6/conf/all/disable_ipv6";
  if (access(file, W_OK) == 0) write_file(file, "1");
}

bool has_cubic() {
  const Descriptor file = open_file("/proc/sys/net/ipv4/tcp_available_congestion_control", O_RDONLY);
  std::string names(256, '\0');
  names.resize(
      static_cast<std::size_t>(std::max(ssize_t{0}, ::read(file.get(), names.data(), names.size()))));
  return names.find("cubic") != std::string::npos;
}

}  // namespace

std::uint32_t address_of(int host) {
  constexpr std::uint32_t kNetwork = 10U << 24 | 77U << 16;
  return kNetwork + static_cast<std::uint32_t>(host) + 1;
}

std::string address_text(int host) {
  return "10.77.0." + std::to_string(host + 1);
}

MacAddress mac_of(int host) {
  return {2, 0x70, 0x6c, 0x69, 0, static_cast<std::uint8_t>(host + 1)};
}

std::optional<int> host_of(const std::byte* mac, int hosts) {
  if ((mac[0] & std::byte{1}) != std::byte{0}) return kEveryone;
  MacAddress address{};
  std::memcpy(address.data(), mac, address.size());
  const int host = address[5] - 1;
  if (host < 0 || host >= hosts || address != mac_of(host)) return std::nullopt;
  return host;
}

Host::Host(int number, int hosts, unsigned mtu) : mtu_(mtu) {
  const Return back;
  make(number, hosts);
}

void Host::make(int number, int hosts) {
  if (unshare(CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNS) < 0)
    throw unsupported(std::string("making a host's namespaces: ") + std::strerror(errno),
                      "emulated hosts need network, UTS, IPC and mount namespaces", "Run it as root");
  // Shared memory of its own, POSIX and System V: UCX, for one, tells by it whether two processes share a
  // machine.
  check_system(mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"),
               "mounting a host's /dev/shm");
  // Shows programs the host's own devices. A container may forbid this; they then see the machine's.
  static_cast<void>(mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr));
  const std::string name = host_name(number);
  check_system(sethostname(name.data(), name.size()), "setting a host's name");
  device_ = open_tap();
  index_ = device_number();
  namespaces_ = current_namespaces();
  routes_.emplace();
  set_up(number, hosts);
}

void Host::set_up(int number, int hosts) {
  switch_off_ipv6();
  routes_->set_up(kLoopback);
  routes_->set_up(index_, mtu_, mac_of(number));
  routes_->add_address(index_, address_of(number), kPrefix);
  if (has_cubic()) routes_->replace_route(index_, address_of(number), kPrefix, "cubic");
  for (int other = 0; other < hosts; ++other)
    if (other != number) routes_->add_neighbour(index_, address_of(other), mac_of(other));
}

void Host::shape(double bits_per_s) {
  if (bits_per_s <= 0) return;
  const double frame = mtu_ + kHeader;
  const double bytes_per_s = kShare * bits_per_s / 8 * frame / (mtu_ + kWireOverhead);
  const double chain = std::clamp(kChain_s * bytes_per_s, kLeastChain * frame, kLongestChain);
  routes_->set_longest_chain(index_, static_cast<std::uint32_t>(chain));
  // A chain longer than the shaper's burst would never leave it. Chains of an earlier, faster setting may
  // still wait, or come from older connections. Count the headers of each segment.
  longest_chain_ = std::max(longest_chain_, chain);
  const double whole = longest_chain_ * (1 + kHeaders / (mtu_ - kHeaders)) + 2 * frame;
  const double burst = std::max(whole, kHostBurst_s * bytes_per_s);
  routes_->shape(index_, bytes_per_s, static_cast<std::uint32_t>(burst));
}

}  // namespace pliant::netlab
