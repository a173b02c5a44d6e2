#include "compress/crc32c.hpp"

#include <array>
#include <cstring>

namespace pliant {
namespace {

// x^32 + x^28 + x^27 + ... + 1 with its bits reversed (RFC 3720, section 12.1).
constexpr std::uint32_t kPolynomial = 0x82f63b78U;

constexpr std::array<std::uint32_t, 256> byte_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) != 0 ? kPolynomial : 0);
    table[byte] = rest;
  }
  return table;
}

constexpr std::array<std::uint32_t, 256> kByteTable = byte_table();

constexpr std::uint32_t step(std::uint32_t state, std::uint32_t byte) {
  return kByteTable[(state ^ byte) & 0xff] ^ (state >> 8);
}

#if defined(__x86_64__)

// The crc32 instruction has a latency of 3 cycles and a throughput of 1, so three stretches of bytes are read
// side by side. The checksum is linear in its start value. A multiplication, looked up byte by byte, moves
// the checksum of one stretch past the next.
constexpr std::size_t kChannelBytes = 1024;
using MoveTable = std::array<std::array<std::uint32_t, 256>, 4>;

/// [byte][value]: the state after kChannelBytes zeros, if only this byte of the state was set.
constexpr MoveTable move_table() {
  std::array<std::uint32_t, 32> moved{};
  for (std::size_t bit = 0; bit < 32; ++bit) {
    moved[bit] = std::uint32_t{1} << bit;
    for (std::size_t i = 0; i < kChannelBytes; ++i) moved[bit] = step(moved[bit], 0);
  }
  MoveTable table{};
  for (std::size_t byte = 0; byte < 4; ++byte)
    for (std::size_t value = 1; value < 256; ++value) {
      const std::size_t without_lowest = value & (value - 1);
      std::size_t lowest = 0;
      while ((value >> lowest & 1) == 0) ++lowest;
      table[byte][value] = table[byte][without_lowest] ^ moved[8 * byte + lowest];
    }
  return table;
}

constexpr MoveTable kMoveTable = move_table();

std::uint32_t past_a_channel(std::uint64_t state) {
  return kMoveTable[0][state & 0xff] ^ kMoveTable[1][state >> 8 & 0xff] ^ kMoveTable[2][state >> 16 & 0xff] ^
         kMoveTable[3][state >> 24 & 0xff];
}

std::uint64_t load_word(const std::byte* from) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::span<const std::byte> bytes,
                                                               std::uint32_t so_far) {
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t state = ~so_far;
  for (; left >= 3 * kChannelBytes; left -= 3 * kChannelBytes, at += 3 * kChannelBytes) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (std::size_t i = 0; i < kChannelBytes; i += 8) {
      state = __builtin_ia32_crc32di(state, load_word(at + i));
      second = __builtin_ia32_crc32di(second, load_word(at + kChannelBytes + i));
      third = __builtin_ia32_crc32di(third, load_word(at + 2 * kChannelBytes + i));
    }
    state = past_a_channel(past_a_channel(state) ^ second) ^ third;
  }
  for (; left >= 8; left -= 8, at += 8) state = __builtin_ia32_crc32di(state, load_word(at));
  auto short_state = static_cast<std::uint32_t>(state);
  for (; left > 0; --left, ++at)
    short_state = __builtin_ia32_crc32qi(short_state, std::to_integer<unsigned char>(*at));
  return ~short_state;
}

#endif

}  // namespace

std::uint32_t crc32c_by_table(std::span<const std::byte> bytes, std::uint32_t so_far) {
  std::uint32_t state = ~so_far;
  for (const std::byte byte : bytes) state = step(state, std::to_integer<std::uint32_t>(byte));
  return ~state;
}

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t so_far) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return by_instruction(bytes, so_far);
#endif
  return crc32c_by_table(bytes, so_far);
}

}  // namespace pliant
