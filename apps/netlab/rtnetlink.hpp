// Routing and traffic control of one network namespace, by rtnetlink.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

struct mnl_socket;

namespace pliant::netlab {

using MacAddress = std::array<std::uint8_t, 6>;

/// Works on the network namespace that was current on construction, whichever is current later.
class RouteSocket {
 public:
  RouteSocket();
  RouteSocket(RouteSocket&& other) noexcept : socket_(std::exchange(other.socket_, nullptr)) {}
  RouteSocket& operator=(RouteSocket&&) = delete;
  ~RouteSocket();

  /// All of these throw Error(io) with the kernel's reason. `device` is the device's number.
  void set_up(unsigned device);
  void set_up(unsigned device, unsigned mtu, const MacAddress& address);
  void add_address(unsigned device, std::uint32_t ipv4, unsigned prefix);
  /// Sets a route to a network on the device, with its own TCP congestion control.
  void replace_route(unsigned device, std::uint32_t ipv4, unsigned prefix, const std::string& congestion);
  void add_neighbour(unsigned device, std::uint32_t ipv4, const MacAddress& address);
  /// Limits frames to `bytes_per_s`, as a host's own interface does, so that TCP keeps the rest of its data.
  /// Throws Unsupported.
  void shape(unsigned device, double bytes_per_s, std::uint32_t burst_bytes);
  /// Sets the longest chain of segments that TCP may hand over in one frame, for connections made from now
  /// on.
  void set_longest_chain(unsigned device, std::uint32_t bytes);

 private:
  class Request;
  int attempt(Request& request);
  void execute(Request& request, const char* what);

  mnl_socket* socket_ = nullptr;
};

}  // namespace pliant::netlab
