#include "apps/netlab/rtnetlink.hpp"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "apps/netlab/descriptor.hpp"
#include "apps/netlab/unsupported.hpp"

namespace pliant::netlab {

/// One message to the kernel, beginning with its header.
class RouteSocket::Request {
 public:
  Request(std::uint16_t type, std::uint16_t flags) : header_(mnl_nlmsg_put_header(buffer_.data())) {
    header_->nlmsg_type = type;
    header_->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    header_->nlmsg_seq = 1;
  }
  /// Appends the fixed part after the header, zeroed.
  template <class T>
  T& body() {
    return *static_cast<T*>(mnl_nlmsg_put_extra_header(header_, sizeof(T)));
  }
  nlmsghdr* header() { return header_; }

 private:
  alignas(nlmsghdr) std::array<char, 1024> buffer_{};
  nlmsghdr* header_;
};

RouteSocket::RouteSocket() : socket_(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC)) {
  check_system(socket_ == nullptr ? -1 : 0, "opening rtnetlink");
  check_system(mnl_socket_bind(socket_, 0, MNL_SOCKET_AUTOPID), "binding rtnetlink");
}

RouteSocket::~RouteSocket() {
  if (socket_ != nullptr) mnl_socket_close(socket_);
}

/// Sends a request; returns 0, or -1 with errno.
int RouteSocket::attempt(Request& request) {
  if (mnl_socket_sendto(socket_, request.header(), request.header()->nlmsg_len) < 0) return -1;
  std::array<char, 8192> answer{};
  const auto received = mnl_socket_recvfrom(socket_, answer.data(), answer.size());
  if (received < 0) return -1;
  const unsigned port = mnl_socket_get_portid(socket_);
  const auto bytes = static_cast<std::size_t>(received);
  return mnl_cb_run(answer.data(), bytes, 1, port, nullptr, nullptr) < 0 ? -1 : 0;
}

void RouteSocket::execute(Request& request, const char* what) {
  check_system(attempt(request), what);
}

void RouteSocket::set_up(unsigned device) {
  Request request(RTM_NEWLINK, 0);
  auto& link = request.body<ifinfomsg>();
  link.ifi_index = static_cast<int>(device);
  link.ifi_flags = link.ifi_change = IFF_UP;
  execute(request, "setting a device up");
}

void RouteSocket::set_up(unsigned device, unsigned mtu, const MacAddress& address) {
  Request request(RTM_NEWLINK, 0);
  auto& link = request.body<ifinfomsg>();
  link.ifi_index = static_cast<int>(device);
  link.ifi_flags = link.ifi_change = IFF_UP;
  mnl_attr_put_u32(request.header(), IFLA_MTU, mtu);
  mnl_attr_put(request.header(), IFLA_ADDRESS, address.size(), address.data());
  execute(request, "setting MTU and address of a device");
}

void RouteSocket::set_longest_chain(unsigned device, std::uint32_t bytes) {
  Request request(RTM_NEWLINK, 0);
  request.body<ifinfomsg>().ifi_index = static_cast<int>(device);
  mnl_attr_put_u32(request.header(), IFLA_GSO_MAX_SIZE, bytes);
  execute(request, "setting a device's longest chain of segments");
}

void RouteSocket::add_address(unsigned device, std::uint32_t ipv4, unsigned prefix) {
  Request request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
  auto& body = request.body<ifaddrmsg>();
  body.ifa_family = AF_INET;
  body.ifa_prefixlen = static_cast<std::uint8_t>(prefix);
  body.ifa_index = device;
  mnl_attr_put_u32(request.header(), IFA_LOCAL, htonl(ipv4));
  mnl_attr_put_u32(request.header(), IFA_ADDRESS, htonl(ipv4));
  const std::uint32_t broadcast = ipv4 | (0xffffffffU >> prefix);
  mnl_attr_put_u32(request.header(), IFA_BROADCAST, htonl(broadcast));
  execute(request, "adding an address");
}

void RouteSocket::replace_route(unsigned device, std::uint32_t ipv4, unsigned prefix,
                                const std::string& congestion) {
  Request request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
  auto& route = request.body<rtmsg>();
  route.rtm_family = AF_INET;
  route.rtm_dst_len = static_cast<std::uint8_t>(prefix);
  route.rtm_table = RT_TABLE_MAIN;
  route.rtm_protocol = RTPROT_KERNEL;
  route.rtm_scope = RT_SCOPE_LINK;
  route.rtm_type = RTN_UNICAST;
  mnl_attr_put_u32(request.header(), RTA_DST, htonl(ipv4 & ~(0xffffffffU >> prefix)));
  mnl_attr_put_u32(request.header(), RTA_OIF, device);
  mnl_attr_put_u32(request.header(), RTA_PREFSRC, htonl(ipv4));
  nlattr* const metrics = mnl_attr_nest_start(request.header(), RTA_METRICS);
  mnl_attr_put_strz(request.header(), RTAX_CC_ALGO, congestion.c_str());
  mnl_attr_nest_end(request.header(), metrics);
  execute(request, "setting a route's congestion control");
}

void RouteSocket::add_neighbour(unsigned device, std::uint32_t ipv4, const MacAddress& address) {
  Request request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
  auto& neighbour = request.body<ndmsg>();
  neighbour.ndm_family = AF_INET;
  neighbour.ndm_ifindex = static_cast<int>(device);
  neighbour.ndm_state = NUD_PERMANENT;
  mnl_attr_put_u32(request.header(), NDA_DST, htonl(ipv4));
  mnl_attr_put(request.header(), NDA_LLADDR, address.size(), address.data());
  execute(request, "adding a neighbour");
}

void RouteSocket::shape(unsigned device, double bytes_per_s, std::uint32_t burst_bytes) {
  // Data held back from a host's own sockets is not a network's queue, so this queue must never drop.
  constexpr std::uint32_t kRoom_bytes = 64 << 20;
  Request request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE);
  auto& qdisc = request.body<tcmsg>();
  qdisc.tcm_family = AF_UNSPEC;
  qdisc.tcm_ifindex = static_cast<int>(device);
  qdisc.tcm_parent = TC_H_ROOT;
  qdisc.tcm_handle = TC_H_MAKE(1U << 16, 0);
  mnl_attr_put_strz(request.header(), TCA_KIND, "tbf");
  nlattr* const options = mnl_attr_nest_start(request.header(), TCA_OPTIONS);
  tc_tbf_qopt parameters{};
  parameters.rate.linklayer = TC_LINKLAYER_ETHERNET;
  parameters.rate.rate = static_cast<std::uint32_t>(std::min(bytes_per_s, 4e9));
  parameters.limit = kRoom_bytes;
  mnl_attr_put(request.header(), TCA_TBF_PARMS, sizeof parameters, &parameters);
  mnl_attr_put_u32(request.header(), TCA_TBF_BURST, burst_bytes);
  if (bytes_per_s >= 4e9)
    mnl_attr_put_u64(request.header(), TCA_TBF_RATE64, static_cast<std::uint64_t>(bytes_per_s));
  mnl_attr_nest_end(request.header(), options);
  if (attempt(request) == 0) return;
  throw unsupported(std::string("shaping a device: ") + std::strerror(errno),
                    "emulated links need the kernel's tbf queue", "Load its module: modprobe sch_tbf");
}

}  // namespace pliant::netlab
