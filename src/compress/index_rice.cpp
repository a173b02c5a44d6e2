// Golomb-Rice: the low r bits of a gap are packed, and the rest, its quotient, is written in unary. Each
// block of 128 uses the r that makes it shortest. On random sets the result is within 0.1 bit of the entropy.
//
//   [r of block 0] [r of block 1] ... one byte each | low bits of block 0, 1, ..., tail | quotients
//
// Low bits are packed as bit_packing.hpp describes. Quotient q is q zeros and a one, from the lowest bit of
// the first byte, without padding between blocks. The last byte ends in zeros.
// The i-th one of a block is at bit i + (sum of the quotients so far) of the block. So the positions of the
// ones give the sums of quotients, and nothing else is decoded.
// Source: Rice, JPL Publication 79-22, 1979; the sum by positions is Elias-Fano's.
#include <array>
#include <bit>
#include <cstring>

#include "compress/gaps.hpp"
#include "compress/index_codec.hpp"

namespace pliant {
namespace {

constexpr unsigned kMaxLowBits = 31;
using Block = std::array<std::uint32_t, kBlock>;

/// Mean bits of a gap: its low bits, the one, and the quotient, which is >= m with probability chance^(m
/// 2^r). Policies call this thousands of times.
double mean_bits(double chance) {
  constexpr double kFalls = 0.7;  // above, one low bit more saves c / (1 - c^2) > 1 bits of the quotient
  unsigned low_bits = 0;
  for (; low_bits < kMaxLowBits && chance > kFalls; ++low_bits) chance *= chance;
  double fewest = kMaxWidth;
  for (; low_bits <= kMaxLowBits && low_bits + 1 < fewest; ++low_bits, chance *= chance)
    fewest = std::min(fewest, low_bits + 1 + chance / (1 - chance));
  return fewest;
}

double predicted_bytes(std::int64_t count, std::int64_t kept) {
  if (kept == 0) return 0;
  const double bits = static_cast<double>(kept) * mean_bits(gap_chance(count, kept));
  return static_cast<double>(blocks_of(kept)) + bits / 8 + 0.5;
}

/// No block is longer than with the r of the mean gap. With that r, all quotients together are at most
/// (elements not kept) / 2^r. The low bits of the tail and the quotients may each end in a partial byte.
std::int64_t max_bytes(std::int64_t count, std::int64_t kept) {
  if (kept == 0) return 0;
  const unsigned low_bits = std::min(kMaxLowBits, width_of(count / kept) - 1);
  const std::int64_t bits = kept * (low_bits + 1) + ((count - kept) >> low_bits);
  return blocks_of(kept) + bits / 8 + 2;
}

std::int64_t quotient_sum(const Block& gaps, std::int64_t n, unsigned low_bits) {
  std::uint32_t sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += gaps[static_cast<std::size_t>(i)] >> low_bits;
  return sum;
}

std::int64_t bits_with(const Block& gaps, std::int64_t n, unsigned low_bits) {
  return n * (low_bits + 1) + quotient_sum(gaps, n, low_bits);
}

/// The r that makes a block shortest. From r to r + 1, quotients lose half their value, so the saving shrinks
/// with every step. Lengths therefore fall, then rise, and the first r that is better than both neighbours is
/// the best.
unsigned choose_low_bits(const Block& gaps, std::int64_t n) {
  // For geometric gaps the best 2^r is ln 2 times the mean.
  const std::int64_t guess = quotient_sum(gaps, n, 0) * 11 / (16 * n);
  unsigned best = std::max(1U, width_of(guess)) - 1;
  std::int64_t bits = bits_with(gaps, n, best);
  for (const int step : {-1, 1}) {
    for (;;) {
      const unsigned other = best + static_cast<unsigned>(step);  // Below 0 it wraps around
      if (other > kMaxLowBits) break;
      const std::int64_t other_bits = bits_with(gaps, n, other);
      if (other_bits >= bits) break;
      best = other;
      bits = other_bits;
    }
  }
  return best;
}

/// Appends quotients in unary.
class UnaryWriter {
 public:
  explicit UnaryWriter(std::byte* out) : out_(out) {}

  void write(std::uint32_t quotient) {
    std::uint64_t zeros = held_ + std::uint64_t{quotient};
    for (; zeros >= kWordBits; zeros -= kWordBits) flush();
    word_ |= std::uint64_t{1} << zeros;
    held_ = static_cast<unsigned>(zeros) + 1;
    if (held_ == kWordBits) {
      flush();
      held_ = 0;
    }
  }

  /// Writes the remaining bits; returns the end.
  std::byte* finish() {
    const std::size_t bytes = (held_ + 7) / 8;
    if (bytes > 0) std::memcpy(out_, &word_, bytes);
    return out_ + bytes;
  }

 private:
  static constexpr unsigned kWordBits = 64;

  void flush() {
    std::memcpy(out_, &word_, sizeof(word_));
    out_ += sizeof(word_);
    word_ = 0;
  }

  std::byte* out_;
  std::uint64_t word_ = 0;
  unsigned held_ = 0;  ///< bits of word_ in use; < 64 between calls
};

std::int64_t encode(const std::uint32_t* indices, std::int64_t, std::int64_t kept, std::byte* out) {
  const std::int64_t blocks = blocks_of(kept);
  Block gaps;
  std::byte* low_end = out + blocks;
  for (std::int64_t block = 0; block < blocks; ++block) {
    const std::int64_t n = block_count(block, kept);
    find_gaps(indices + block * kBlock, block, n, gaps.data());
    const unsigned low_bits = choose_low_bits(gaps, n);
    out[block] = static_cast<std::byte>(low_bits);
    low_end += packed_bytes(n, low_bits);
  }
  UnaryWriter quotients(low_end);
  std::byte* low = out + blocks;
  for (std::int64_t block = 0; block < blocks; ++block) {
    const std::int64_t n = block_count(block, kept);
    const unsigned low_bits = packing_of(out[block]);
    find_gaps(indices + block * kBlock, block, n, gaps.data());
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) quotients.write(gaps[i] >> low_bits);
    for (std::uint32_t& gap : gaps) gap &= (std::uint32_t{1} << low_bits) - 1;
    if (n == kBlock)
      pack_block(gaps.data(), low_bits, low);
    else
      pack_tail(gaps.data(), n, low_bits, low);
    low += packed_bytes(n, low_bits);
  }
  return quotients.finish() - out;
}

/// Reads sums of quotients.
class UnaryReader {
 public:
  explicit UnaryReader(std::span<const std::byte> in) : in_(in) {}

  /// Sets sums[i] to the sum of the next quotients up to the i-th, modulo 2^32. Returns the last sum in full,
  /// or -1 if the input ends.
  std::int64_t read(std::int64_t n, std::uint32_t* sums) {
    std::int64_t found = 0;
    std::int64_t last = 0;
    while (found < n) {
      while (word_ == 0) {
        if (!next_word()) return -1;
      }
      const std::int64_t base = word_begin_ - begin_;
      for (; word_ != 0 && found < n; word_ &= word_ - 1, ++found) {
        last = base + std::countr_zero(word_) - found;
        sums[found] = static_cast<std::uint32_t>(last);
      }
    }
    begin_ += last + n;
    return last;
  }

  /// True if all ones have been read and no byte follows the last.
  bool at_end() const { return word_ == 0 && (begin_ + 7) / 8 == static_cast<std::int64_t>(in_.size()); }

 private:
  bool next_word() {
    if (next_byte_ >= in_.size()) return false;
    word_begin_ = static_cast<std::int64_t>(next_byte_ * 8);
    std::memcpy(&word_, in_.data() + next_byte_, std::min(sizeof(word_), in_.size() - next_byte_));
    next_byte_ += sizeof(word_);
    return true;
  }

  std::span<const std::byte> in_;
  std::size_t next_byte_ = 0;
  std::uint64_t word_ = 0;       ///< bits of the word at word_begin_ that are not read yet
  std::int64_t word_begin_ = 0;  ///< position of word_ [bit]
  std::int64_t begin_ = 0;       ///< position behind the last bit read [bit]
};

/// Input of the decoders of one block: its low bits and sums of quotients. Their `next` is the smallest
/// possible first index, and afterwards the smallest possible index behind the last.
struct RiceBlock {
  const std::byte* low;
  unsigned low_bits;
  std::int64_t n;
  Block sums;
  std::int64_t last_sum;
};

/// Computes each index in 64 bits and compares it with `count`.
const char* decode_checked(const RiceBlock& block, std::int64_t count, std::int64_t& next,
                           std::uint32_t* indices) {
  Block low;
  if (block.n == kBlock) {
    Block low_sums;
    unpack_sums(block.low, block.low_bits, 0, low_sums.data());
    gaps_of_sums(0, low_sums.data(), low.data());
  } else if (!unpack_tail(block.low, block.n, block.low_bits, low.data())) {
    return "bits behind the last low bits are set";
  }
  if (block.last_sum >= kIndexEnd) return kIndexNotBelowCount;
  std::uint32_t before = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(block.n); ++i) {
    next += (std::int64_t{block.sums[i] - before} << block.low_bits) + low[i];
    if (next >= count) return kIndexNotBelowCount;
    before = block.sums[i];
    indices[i] = static_cast<std::uint32_t>(next++);
  }
  return nullptr;
}

/// As in index_block.cpp: where 32 bits are enough, the sums of low bits and of quotients are added as
/// vectors.
const char* decode_block(const RiceBlock& block, std::int64_t count, std::int64_t& next,
                         std::uint32_t* indices) {
  const bool fits = block.n == kBlock && block.last_sum < kIndexEnd >> block.low_bits &&
                    next + (kBlock << block.low_bits) + (block.last_sum << block.low_bits) <= kIndexEnd;
  if (!fits) return decode_checked(block, count, next, indices);
  unpack_sums(block.low, block.low_bits, static_cast<std::uint32_t>(next - 1), indices);
  for (std::size_t i = 0; i < kBlock; ++i) indices[i] += block.sums[i] << block.low_bits;
  next = std::int64_t{indices[kBlock - 1]} + 1;
  return next <= count ? nullptr : kIndexNotBelowCount;
}

const char* decode(std::span<const std::byte> in, std::int64_t count, std::int64_t kept,
                   std::uint32_t* indices) {
  const std::int64_t blocks = blocks_of(kept);
  if (static_cast<std::int64_t>(in.size()) < blocks) return "too short for a parameter for each block";
  std::int64_t low_end = blocks;
  for (std::int64_t block = 0; block < blocks; ++block) {
    const unsigned low_bits = packing_of(in[static_cast<std::size_t>(block)]);
    if (low_bits > kMaxLowBits) return "a parameter is above 31";
    low_end += packed_bytes(block_count(block, kept), low_bits);
  }
  if (static_cast<std::int64_t>(in.size()) < low_end) return "too short for its low bits";
  UnaryReader quotients(in.subspan(static_cast<std::size_t>(low_end)));
  RiceBlock block{.low = in.data() + blocks, .low_bits = 0, .n = 0, .sums = {}, .last_sum = 0};
  std::int64_t next = 0;
  for (std::int64_t at = 0; at < blocks; ++at) {
    block.low_bits = packing_of(in[static_cast<std::size_t>(at)]);
    block.n = block_count(at, kept);
    block.last_sum = quotients.read(block.n, block.sums.data());
    if (block.last_sum < 0) return "too few quotients";
    const char* problem = decode_block(block, count, next, indices + at * kBlock);
    if (problem != nullptr) return problem;
    block.low += packed_bytes(block.n, block.low_bits);
  }
  return quotients.at_end() ? nullptr : "bits behind the last quotient are set, or bytes follow it";
}

}  // namespace

constinit const IndexCodec rice_indices{
    .name = "rice",
    .summary = "gaps with short codes for short gaps; smallest",
    .id = 4,
    .predicted_bytes = predicted_bytes,
    .max_bytes = max_bytes,
    .encode = encode,
    .decode = decode,
};

}  // namespace pliant
