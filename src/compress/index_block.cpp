// Gaps in blocks of 128. Each block uses as many bits per gap as its largest gap needs.
//
//   [width of block 0] [width of block 1] ... one byte each | block 0 | block 1 | ... | tail
//
// Blocks and the tail (the last kept % 128 gaps) are packed as bit_packing.hpp describes. All lengths follow
// from the widths, so a decoder that has compared them with its input's length needs no further checks.
// Source: Lemire and Boytsov, Softw. Pract. Exper. 45(1), 2015.
#include <array>

#include "compress/gaps.hpp"
#include "compress/index_codec.hpp"

namespace pliant {
namespace {

/// Below kSurely[i], 1 - x^n is 1 in double precision for every n >= 2^i, since x^n < 2^-54. The entries are
/// the roots, rounded down.
constexpr std::array<double, 8> kSurely = {5.5e-17, 7.4e-9, 8.6e-5, 0.0092, 0.096, 0.31, 0.557, 0.746};
static_assert([] {
  for (std::size_t i = 0; i < kSurely.size(); ++i)
    if (power(kSurely[i], std::int64_t{1} << i) >= 0x1p-54) return false;
  return true;
}());
static_assert(kBlock < std::int64_t{1} << kSurely.size());

/// Mean bytes of n packed gaps, n <= kBlock. The width exceeds w unless all gaps are < 2^w. Policies call
/// this thousands of times, so widths that are certainly exceeded, or certainly not, compute no powers.
double mean_packed_bytes(double chance, std::int64_t n) {
  if (n == 0) return 0;
  const double surely = kSurely[width_of(n) - 1];
  unsigned width = 0;
  for (; width < kMaxWidth && 1 - chance <= surely; ++width) chance *= chance;
  std::int64_t packed = packed_bytes(n, width);
  auto bytes = static_cast<double>(packed);
  for (; width < kMaxWidth && 1 - chance < 1; ++width, chance *= chance) {
    const std::int64_t wider = packed_bytes(n, width + 1);
    bytes += (1 - power(1 - chance, n)) * static_cast<double>(wider - packed);
    packed = wider;
  }
  return bytes;
}

double predicted_bytes(std::int64_t count, std::int64_t kept) {
  if (kept == 0) return 0;
  const double chance = gap_chance(count, kept);
  const std::int64_t full = kept / kBlock;
  return static_cast<double>(blocks_of(kept)) +
         static_cast<double>(full) * mean_packed_bytes(chance, kBlock) +
         mean_packed_bytes(chance, kept % kBlock);
}

/// The other indices must fit, too, which bounds a gap and so its width.
std::int64_t max_bytes(std::int64_t count, std::int64_t kept) {
  return blocks_of(kept) + packed_bytes(kept, std::min(width_of(count - kept), kMaxWidth));
}

std::int64_t encode(const std::uint32_t* indices, std::int64_t, std::int64_t kept, std::byte* out) {
  std::byte* data = out + blocks_of(kept);
  std::array<std::uint32_t, kBlock> gaps;
  for (std::int64_t block = 0; block < blocks_of(kept); ++block) {
    const std::int64_t n = block_count(block, kept);
    find_gaps(indices + block * kBlock, block, n, gaps.data());
    std::uint32_t used = 0;
    for (std::int64_t i = 0; i < n; ++i) used |= gaps[static_cast<std::size_t>(i)];
    const unsigned width = width_of(used);
    out[block] = static_cast<std::byte>(width);
    if (n == kBlock)
      pack_block(gaps.data(), width, data);
    else
      pack_tail(gaps.data(), n, width, data);
    data += packed_bytes(n, width);
  }
  return data - out;
}

/// Bytes of blocks with these widths; -1 if a width is invalid.
std::int64_t length_of(const std::byte* widths, std::int64_t kept) {
  std::int64_t bytes = blocks_of(kept);
  for (std::int64_t block = 0; block < blocks_of(kept); ++block) {
    if (packing_of(widths[block]) > kMaxWidth) return -1;
    bytes += packed_bytes(block_count(block, kept), packing_of(widths[block]));
  }
  return bytes;
}

/// Computes indices in 64 bits and compares each with `count`. `next` is the smallest possible first index,
/// and afterwards the smallest possible index behind the last.
bool add_gaps(const std::uint32_t* gaps, std::int64_t n, std::int64_t count, std::int64_t& next,
              std::uint32_t* indices) {
  for (std::int64_t i = 0; i < n; ++i) {
    next += gaps[i];
    if (next >= count) return false;
    indices[i] = static_cast<std::uint32_t>(next++);
  }
  return true;
}

/// Decodes a whole block. Sums of 32 bits are enough where they cannot wrap around: then they ascend, and
/// checking the last one checks all.
bool decode_block(const std::byte* in, unsigned width, std::int64_t count, std::int64_t& next,
                  std::uint32_t* indices) {
  const auto before = static_cast<std::uint32_t>(next - 1);
  if (next + (kBlock << width) <= kIndexEnd) {
    unpack_sums(in, width, before, indices);
    next = std::int64_t{indices[kBlock - 1]} + 1;
    return next <= count;
  }
  std::array<std::uint32_t, kBlock> sums;
  std::array<std::uint32_t, kBlock> gaps;
  unpack_sums(in, width, before, sums.data());
  gaps_of_sums(before, sums.data(), gaps.data());
  return add_gaps(gaps.data(), kBlock, count, next, indices);
}

const char* decode(std::span<const std::byte> in, std::int64_t count, std::int64_t kept,
                   std::uint32_t* indices) {
  const std::int64_t blocks = blocks_of(kept);
  const auto bytes = static_cast<std::int64_t>(in.size());
  if (bytes < blocks) return "too short for a width for each block";
  const std::int64_t wanted = length_of(in.data(), kept);
  if (wanted < 0) return "a width is above 32";
  if (wanted != bytes) return "not as long as its widths say";
  const std::byte* data = in.data() + blocks;
  std::int64_t next = 0;
  for (std::int64_t block = 0; block < kept / kBlock; ++block) {
    const unsigned width = packing_of(in[static_cast<std::size_t>(block)]);
    if (!decode_block(data, width, count, next, indices + block * kBlock)) return kIndexNotBelowCount;
    data += packed_bytes(kBlock, width);
  }
  if (kept % kBlock == 0) return nullptr;
  std::array<std::uint32_t, kBlock> gaps;
  const unsigned width = packing_of(in[static_cast<std::size_t>(blocks - 1)]);
  if (!unpack_tail(data, kept % kBlock, width, gaps.data())) return "bits behind the last gap are set";
  return add_gaps(gaps.data(), kept % kBlock, count, next, indices + kept / kBlock * kBlock)
             ? nullptr
             : kIndexNotBelowCount;
}

}  // namespace

constinit const IndexCodec block_indices{
    .name = "block",
    .summary = "gaps in blocks of 128 of one width; fastest to decode",
    .id = 3,
    .predicted_bytes = predicted_bytes,
    .max_bytes = max_bytes,
    .encode = encode,
    .decode = decode,
};

}  // namespace pliant
