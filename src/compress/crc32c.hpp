// CRC-32C (Castagnoli): finds every burst of up to 32 wrong bits in a message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pliant {

/// The checksum of `bytes`, or of more bytes than these: `so_far` is the checksum of what came before them.
/// By the processor's own instruction where it has one.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t so_far = 0);

/// The same by a table of 256 entries: defines the answer, and runs on any processor.
std::uint32_t crc32c_by_table(std::span<const std::byte> bytes, std::uint32_t so_far = 0);

}  // namespace pliant
