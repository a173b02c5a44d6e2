// int8: codes from -127 to 127 in blocks of 256. Each block has a scale S, and a decoded value is code x S.
//
//   [code of value 0] [code of value 1] ... one byte each | [S of block 0] [S of block 1] ... a bfloat16 each
//
// S is the block's largest magnitude / 127, rounded up to a bfloat16. It lies in [2^-126, 1.0078125 x 2^121],
// so 127 S is always finite. For magnitudes from 127.99 x 2^121 on, rounding up would leave this range; they
// have code 127.
//
// code x S is a float32: 7 and 8 significant bits give 15, and the last one is no less than 2^-133.
//
// The error is a float32, too. The code q is the integer nearest to the float32 quotient v / S. So q != 0
// only if |v| > S / 2, and the error is at most S / 2, apart from the rounding of the quotient.
//   - The error is no larger than v. For q = 0 it is v itself. For |q| = 1, v is between S / 2 and S, or above
//     S. For larger |q|, v is far larger than the error.
//   - If v's last place is no larger than S's, value and code x S are multiples of v's last place, and the
//     lemma of value_codec.hpp holds.
//   - Otherwise the error is a multiple of S's last place, and less than 2^8 of these.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "compress/value_codec.hpp"

namespace pliant {
namespace {

constexpr std::int64_t kBlock = 256;
constexpr std::int64_t kScaleBytes = 2;
constexpr std::uint32_t kMagnitude = 0x7fffffffU;
constexpr std::uint32_t kMinScale = 0x0080U;  // 2^-126, as a bfloat16
constexpr std::uint32_t kMaxScale = 0x7c01U;
constexpr std::uint32_t kMaxCode = 127;
// Adding this to a number below 2^22 rounds it to an integer, ties to even, in the lowest bits.
constexpr float kRounder = 0x1.8p23F;

using Codes = std::array<std::int8_t, kBlock>;

std::int64_t blocks_of(std::int64_t kept) {
  return (kept + kBlock - 1) / kBlock;
}

std::int64_t bytes(std::int64_t kept) {
  return kept + kScaleBytes * blocks_of(kept);
}

/// The upper half of S, as float32.
std::uint32_t scale_of(const float* values, std::size_t n) {
  std::int32_t largest = 0;
  for (std::size_t i = 0; i < n; ++i)
    largest =
        std::max(largest, static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(values[i]) & kMagnitude));
  const auto exact = std::bit_cast<std::uint32_t>(std::bit_cast<float>(largest) / kMaxCode);
  return std::clamp((exact + 0xffff) >> 16, kMinScale, kMaxScale);
}

void encode(float* values, std::int64_t kept, std::byte* out) {
  Codes codes;
  for (std::int64_t begin = 0; begin < kept; begin += kBlock) {
    const auto n = static_cast<std::size_t>(std::min(kBlock, kept - begin));
    float* block = values + begin;
    const std::uint32_t scale_code = scale_of(block, n);
    const auto scale = std::bit_cast<float>(scale_code << 16);
    for (std::size_t i = 0; i < n; ++i) {
      const float rounded = block[i] / scale + kRounder;
      codes[i] = static_cast<std::int8_t>(std::bit_cast<std::uint32_t>(rounded) & 0xff);
      block[i] -= (rounded - kRounder) * scale;
    }
    std::memcpy(out + begin, codes.data(), n);
    const auto stored_scale = static_cast<std::uint16_t>(scale_code);
    std::memcpy(out + kept + begin / kBlock * kScaleBytes, &stored_scale, sizeof(stored_scale));
  }
}

const char* decode(std::span<const std::byte> in, std::int64_t kept, float* out) {
  if (static_cast<std::int64_t>(in.size()) != bytes(kept)) return kWrongValueLength;
  Codes codes;
  std::int32_t smallest = 0;
  for (std::int64_t begin = 0; begin < kept; begin += kBlock) {
    const auto n = static_cast<std::size_t>(std::min(kBlock, kept - begin));
    std::uint16_t stored_scale = 0;
    std::memcpy(&stored_scale, in.data() + kept + begin / kBlock * kScaleBytes, sizeof(stored_scale));
    if (stored_scale < kMinScale || stored_scale > kMaxScale) return "a block's scale is out of range";
    const auto scale = std::bit_cast<float>(std::uint32_t{stored_scale} << 16);
    std::memcpy(codes.data(), in.data() + begin, n);
    float* block = out + begin;
    for (std::size_t i = 0; i < n; ++i) {
      const std::int32_t code{codes[i]};
      smallest = std::min(smallest, code);
      block[i] = static_cast<float>(code) * scale;
    }
  }
  return smallest >= -static_cast<std::int32_t>(kMaxCode) ? nullptr : "a code is -128";
}

/// E[S^2], for the largest of a block's values when these are drawn from the kept ones.
double expected_scale_squared(const GainCurve& curve, std::int64_t kept) {
  const auto all = static_cast<double>(kept);
  const auto drawn = static_cast<double>(std::min(kept, kBlock));
  double largest_squared = 0;
  double above = 0;          // share of the values in buckets of larger values
  double chance_before = 0;  // probability that the largest is among those
  curve.for_largest(kept, [&](const GainCurve::Bucket& bucket, std::int64_t n) {
    above = std::min(above + static_cast<double>(n) / all, 1.0);
    const double chance = 1 - std::pow(1 - above, drawn);
    if (std::isfinite(bucket.edge)) largest_squared += (chance - chance_before) * mean_square(bucket);
    chance_before = chance;
  });
  return largest_squared / (kMaxCode * kMaxCode);
}

/// Sum of the errors' expected squares: S^2 / 12 for a uniform error over S, or the whole value below S / 2.
double squared_error(const GainCurve& curve, std::int64_t kept) {
  const double scale_squared = expected_scale_squared(curve, kept);
  double sum = 0;
  curve.for_largest(kept, [&](const GainCurve::Bucket& bucket, std::int64_t n) {
    if (!std::isfinite(bucket.edge)) return;
    const double square = mean_square(bucket);
    sum += static_cast<double>(n) * (square < scale_squared / 4 ? square : scale_squared / 12);
  });
  return sum;
}

}  // namespace

constinit const ValueCodec int8_values{
    .name = "int8",
    .summary = "8 bits: 255 even steps up to the largest of 256",
    .id = 4,
    .lossy = true,
    .bytes = bytes,
    .encode = encode,
    .decode = decode,
    .squared_error = squared_error,
};

}  // namespace pliant
