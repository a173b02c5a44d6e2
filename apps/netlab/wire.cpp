#include "apps/netlab/wire.hpp"

#include <algorithm>
#include <cstring>

namespace pliant::netlab {
namespace {

/// Laid out as in the virtio specification, 5.1.6; the kernel's own header does not compile as C++.
struct VirtioHeader {
  std::uint8_t flags;
  std::uint8_t gso_type;
  std::uint16_t header_bytes;
  std::uint16_t segment_bytes;
  std::uint16_t checksum_start;
  std::uint16_t checksum_offset;
};
static_assert(sizeof(VirtioHeader) == kVirtioHeader);
constexpr unsigned kGsoNone = 0;
constexpr unsigned kGsoTcp4 = 1;
constexpr unsigned kGsoEcn = 0x80;

constexpr std::size_t kPerSegment = 24;  // checksum, preamble, gap
constexpr std::size_t kLeast = 84;
constexpr std::size_t kIpv6Header = 40;

unsigned byte_at(std::span<const std::byte> frame, std::size_t position) {
  return position < frame.size() ? std::to_integer<unsigned>(frame[position]) : 0;
}

/// Length of the Ethernet, IP and TCP headers of a TCP frame.
std::size_t tcp_headers(std::span<const std::byte> ethernet, unsigned gso_type) {
  const bool is_ipv4 = (gso_type & ~kGsoEcn) == kGsoTcp4;
  const std::size_t ip = is_ipv4 ? 4 * (byte_at(ethernet, kEthernetHeader) & 0xF) : kIpv6Header;
  const std::size_t tcp = 4 * (byte_at(ethernet, kEthernetHeader + ip + 12) >> 4);
  return kEthernetHeader + ip + tcp;
}

}  // namespace

std::uint32_t wire_bytes(std::span<const std::byte> frame) {
  VirtioHeader header{};
  std::memcpy(&header, frame.data(), sizeof header);
  const std::span<const std::byte> ethernet = frame.subspan(kVirtioHeader);
  const std::size_t whole = std::max(ethernet.size() + kPerSegment, kLeast);
  if (header.gso_type == kGsoNone || header.segment_bytes == 0) return static_cast<std::uint32_t>(whole);
  const std::size_t headers = tcp_headers(ethernet, header.gso_type);
  if (headers >= ethernet.size()) return static_cast<std::uint32_t>(whole);
  const std::size_t data = ethernet.size() - headers;
  const std::size_t full = (data - 1) / header.segment_bytes;
  const std::size_t last = data - full * header.segment_bytes;
  const std::size_t per_segment = headers + kPerSegment;
  return static_cast<std::uint32_t>(full * std::max(header.segment_bytes + per_segment, kLeast) +
                                    std::max(last + per_segment, kLeast));
}

}  // namespace pliant::netlab
