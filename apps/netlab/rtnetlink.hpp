// The kernel's routing and traffic control of one network namespace, by rtnetlink.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

struct mnl_socket;

namespace pliant::netlab {

using MacAddress = std::array<std::uint8_t, 6>;

/// Speaks to the network namespace that was current when it was made, whichever is current later.
class RouteSocket {
 public:
  RouteSocket();
  RouteSocket(RouteSocket&& other) noexcept : socket_(std::exchange(other.socket_, nullptr)) {}
  RouteSocket& operator=(RouteSocket&&) = delete;
  ~RouteSocket();

  /// All of these throw Error(io) with the kernel's reason. `device`: number of the device.
  void set_up(unsigned device);
  void set_up(unsigned device, unsigned mtu, const MacAddress& address);
  void add_address(unsigned device, std::uint32_t ipv4, unsigned prefix);
  /// A route to a network on the device, with a TCP congestion control of its own.
  void replace_route(unsigned device, std::uint32_t ipv4, unsigned prefix, const std::string& congestion);
  void add_neighbour(unsigned device, std::uint32_t ipv4, const MacAddress& address);
  /// Hold frames back to `bytes_per_s`, as a host's own interface does, so that TCP keeps its data. Throws
  /// Unsupported.
  void shape(unsigned device, double bytes_per_s, std::uint32_t burst_bytes);
  /// How long a chain of segments TCP may hand over in one frame; for connections made from now on.
  void set_longest_chain(unsigned device, std::uint32_t bytes);

 private:
  class Request;
  int attempt(Request& request);
  void execute(Request& request, const char* what);

  mnl_socket* socket_ = nullptr;
};

}  // namespace pliant::netlab
