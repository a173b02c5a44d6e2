// CRC-32C (Castagnoli): detects every burst of up to 32 wrong bits in a message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pliant {

/// Returns the checksum of `bytes`. To continue a checksum, pass that of the preceding bytes as `so_far`.
/// Uses the processor's crc32 instruction if there is one.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t so_far = 0);

/// Returns the same value as crc32c(), from a table of 256 entries. It defines the answer, and runs on any
/// processor.
std::uint32_t crc32c_by_table(std::span<const std::byte> bytes, std::uint32_t so_far = 0);

}  // namespace pliant
