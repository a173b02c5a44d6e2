// What a frame read from a TAP device is: for whom, and how long on a wire.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pliant::netlab {

/// Frames come with the header of virtio_net in front of them.
inline constexpr std::size_t kVirtioHeader = 10;
inline constexpr std::size_t kEthernetHeader = 14;

/// Bytes that the frame's segments fill on Ethernet: with header, checksum (4), preamble (8) and gap (12), 84
/// at least, each. A frame of TCP data longer than its device's segments counts as the segments it stands
/// for.
/// @param frame  with virtio_net's header; at least kVirtioHeader + kEthernetHeader bytes
std::uint32_t wire_bytes(std::span<const std::byte> frame);

}  // namespace pliant::netlab
