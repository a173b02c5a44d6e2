// The layout of a fuzzer's bytes: what a decoder knows beforehand, then its input.
//    0  u32  count - 1
//    4  u16  kept, modulo 512 and count + 1
//    6       input of the decoder
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

namespace pliant::fuzz {

constexpr std::size_t kPrefixBytes = 6;
constexpr std::int64_t kMostKept = 511;

struct Input {
  std::int64_t count = 0;
  std::int64_t kept = 0;
  std::vector<std::byte> payload;  ///< in an allocation of its own, so that a read beyond its end is detected
};

/// Returns nothing if the bytes are shorter than the prefix.
inline Input read_input(std::span<const std::byte> bytes) {
  Input input;
  if (bytes.size() < kPrefixBytes) return input;
  std::uint32_t last = 0;
  std::uint16_t kept = 0;
  std::memcpy(&last, bytes.data(), sizeof(last));
  std::memcpy(&kept, bytes.data() + sizeof(last), sizeof(kept));
  input.count = std::int64_t{last} + 1;
  input.kept = std::min<std::int64_t>(kept % (kMostKept + 1), input.count);
  input.payload.assign(bytes.begin() + kPrefixBytes, bytes.end());
  return input;
}

inline std::vector<std::byte> write_input(const Input& input) {
  const auto last = static_cast<std::uint32_t>(input.count - 1);
  const auto kept = static_cast<std::uint16_t>(input.kept);
  std::vector<std::byte> bytes(kPrefixBytes);
  std::memcpy(bytes.data(), &last, sizeof(last));
  std::memcpy(bytes.data() + sizeof(last), &kept, sizeof(kept));
  bytes.insert(bytes.end(), input.payload.begin(), input.payload.end());
  return bytes;
}

/// Reports a finding unless `holds`.
inline void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

inline bool is_index_set(std::span<const std::uint32_t> indices, std::int64_t count) {
  for (std::size_t i = 0; i < indices.size(); ++i)
    if (indices[i] >= count || (i > 0 && indices[i] <= indices[i - 1])) return false;
  return true;
}

}  // namespace pliant::fuzz
