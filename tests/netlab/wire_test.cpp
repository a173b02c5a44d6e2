// The length of frames on a wire. Frames are built byte by byte, as a TAP device delivers them.
#include "apps/netlab/wire.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

namespace pliant::netlab {
namespace {

using Bytes = std::vector<std::byte>;

constexpr unsigned kTcp4 = 1;
constexpr unsigned kTcp6 = 4;
constexpr unsigned kEcn = 0x80;

void set16(Bytes& frame, std::size_t position, std::uint16_t value) {
  std::memcpy(&frame[position], &value, sizeof value);
}

/// virtio_net's header, then `ethernet_bytes` of zeros.
Bytes frame_of(std::size_t ethernet_bytes, unsigned gso_type = 0, std::uint16_t segment_bytes = 0) {
  Bytes frame(kVirtioHeader + ethernet_bytes);
  frame[1] = static_cast<std::byte>(gso_type);
  set16(frame, 4, segment_bytes);
  return frame;
}

Bytes tcp4_frame(std::size_t data, std::uint16_t segment_bytes, unsigned tcp_header, unsigned ip_header = 20,
                 unsigned flags = 0) {
  Bytes frame = frame_of(kEthernetHeader + ip_header + tcp_header + data, kTcp4 | flags, segment_bytes);
  frame[kVirtioHeader + kEthernetHeader] = static_cast<std::byte>(0x40 | ip_header / 4);
  frame[kVirtioHeader + kEthernetHeader + ip_header + 12] = static_cast<std::byte>(tcp_header / 4 << 4);
  return frame;
}

TEST(Wire, SmallFramesArePadded) {
  EXPECT_EQ(wire_bytes(frame_of(14)), 84U);
  EXPECT_EQ(wire_bytes(frame_of(42)), 84U);
  EXPECT_EQ(wire_bytes(frame_of(60)), 84U);
  EXPECT_EQ(wire_bytes(frame_of(61)), 85U);
}

TEST(Wire, AFullFrameHas24BytesMoreThanItsEthernetFrame) {
  EXPECT_EQ(wire_bytes(frame_of(1514)), 1538U);
  EXPECT_EQ(wire_bytes(frame_of(9014)), 9038U);
}

TEST(Wire, AChainOfSegmentsCountsEachOnesHeaders) {
  for (const std::size_t segments : {1U, 2U, 10U, 45U}) {
    const std::size_t data = segments * 1448;
    EXPECT_EQ(wire_bytes(tcp4_frame(data, 1448, 32)), data + segments * (66 + 24)) << segments;
    EXPECT_EQ(wire_bytes(tcp4_frame(data, 1448, 32)), segments * 1538) << segments;
  }
}

TEST(Wire, TheLastSegmentMayBeShorter) {
  EXPECT_EQ(wire_bytes(tcp4_frame(1449, 1448, 32)), 1449U + 2 * (66 + 24));
  EXPECT_EQ(wire_bytes(tcp4_frame(2895, 1448, 32)), 2895U + 2 * (66 + 24));
  EXPECT_EQ(wire_bytes(tcp4_frame(2897, 1448, 32)), 2897U + 3 * (66 + 24));
}

TEST(Wire, HeadersAreAsLongAsTheySay) {
  EXPECT_EQ(wire_bytes(tcp4_frame(2920, 1460, 20)), 2920U + 2 * (54 + 24));
  EXPECT_EQ(wire_bytes(tcp4_frame(2800, 1400, 60, 60)), 2800U + 2 * (134 + 24));
  EXPECT_EQ(wire_bytes(tcp4_frame(2896, 1448, 32, 20, kEcn)), 2896U + 2 * (66 + 24));

  Bytes ipv6 = frame_of(14 + 40 + 32 + 2856, kTcp6, 1428);
  ipv6[kVirtioHeader + 14] = std::byte{0x60};
  ipv6[kVirtioHeader + 14 + 40 + 12] = std::byte{0x80};
  EXPECT_EQ(wire_bytes(ipv6), 2856U + 2 * (86 + 24));
}

TEST(Wire, WithoutASegmentLengthAChainIsOneFrame) {
  EXPECT_EQ(wire_bytes(tcp4_frame(2896, 0, 32)), 2896U + 66 + 24);
}

TEST(Wire, AChainThatIsAllHeadersIsOneFrame) {
  Bytes frame = frame_of(30, kTcp4, 1448);
  frame[kVirtioHeader + kEthernetHeader] = std::byte{0x4F};
  EXPECT_EQ(wire_bytes(frame), 84U);
}

/// Buffers have exactly the frame's length, so that a sanitizer detects reads beyond it. The result is at
/// least the length of the bytes, and at most that of one-byte segments with the longest headers.
TEST(Wire, GarbageIsMeasuredToo) {
  std::mt19937_64 random(1);
  for (std::size_t bytes = kVirtioHeader + kEthernetHeader; bytes <= 200; ++bytes) {
    for (int attempt = 0; attempt < 300; ++attempt) {
      const std::unique_ptr<std::byte[]> frame(new std::byte[bytes]);
      for (std::size_t i = 0; i < bytes; ++i) frame[i] = static_cast<std::byte>(random());
      const std::uint32_t wire = wire_bytes({frame.get(), bytes});
      const std::size_t ethernet = bytes - kVirtioHeader;
      EXPECT_GE(wire, ethernet);
      EXPECT_LE(wire, std::max<std::size_t>(84, ethernet + 24 + ethernet * (14 + 60 + 60 + 24)));
    }
  }
}

}  // namespace
}  // namespace pliant::netlab
