// Reads a TAP device's frames: how long each would be on a wire.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pliant::netlab {

/// Length of virtio_net's header, which precedes each frame.
inline constexpr std::size_t kVirtioHeader = 10;
inline constexpr std::size_t kEthernetHeader = 14;

/// Bytes that the frame's segments fill on Ethernet. Each counts its header, checksum (4), preamble (8) and
/// gap (12), and at least 84. A frame of TCP data longer than its device's segments counts as several
/// segments.
/// @param frame  with virtio_net's header; at least kVirtioHeader + kEthernetHeader bytes
std::uint32_t wire_bytes(std::span<const std::byte> frame);

}  // namespace pliant::netlab
