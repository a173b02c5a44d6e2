// An emulated host: its own namespaces for network, host name, shared memory and mounts, and one Ethernet
// device.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "apps/netlab/descriptor.hpp"
#include "apps/netlab/rtnetlink.hpp"
#include "apps/netlab/settings.hpp"

namespace pliant::netlab {

inline constexpr const char* kDevice = "eth0";
inline constexpr unsigned kDefaultMtu = 1500;
inline constexpr unsigned kLeastMtu = 576;
inline constexpr unsigned kMostMtu = 9000;

struct Namespaces {
  Descriptor network;
  Descriptor uts;
  Descriptor ipc;
  Descriptor mount;
};

/// 10.77.0.1 for host 0, and so on.
std::uint32_t address_of(int host);
std::string address_text(int host);
MacAddress mac_of(int host);
/// The host with this address; kEveryone (link.hpp) for broadcast and multicast; nothing if unknown.
std::optional<int> host_of(const std::byte* mac, int hosts);

class Host {
 public:
  /// Makes the namespaces and the device, and configures it. The calling thread returns to its own
  /// namespaces. Throws Error(io).
  Host(int number, int hosts, unsigned mtu);

  /// The device as the switch sees it: a read takes a frame from the host, a write gives it one.
  const Descriptor& device() const { return device_; }
  const Namespaces& namespaces() const { return namespaces_; }
  /// Limits the host to its link's rate [bit/s], for frames of the device's MTU. 0 changes nothing.
  void shape(double bits_per_s);

 private:
  void make(int number, int hosts);
  void set_up(int number, int hosts);

  unsigned mtu_;
  Namespaces namespaces_;
  Descriptor device_;
  unsigned index_ = 0;
  double longest_chain_ = 0;  ///< [byte] longest chain ever allowed to TCP
  std::optional<RouteSocket> routes_;
};

}  // namespace pliant::netlab
