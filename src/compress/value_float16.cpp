// float16 in blocks of 256. Each block has a power of two that scales its largest value into [2^14, 2^15).
//
//   [code of value 0] [code of value 1] ... IEEE binary16 each
//   [exponent of block 0 + 125] ...         behind them, one byte each
//
// No code is above 0x77ff, the last below 2^15: otherwise the largest float32 would round up to infinity. An
// exponent s is at least -125: then the smallest code, 2^-24, represents the smallest float32, 2^-149.
//
// The error is a float32, by the lemma of value_codec.hpp:
//   - A code's last place is at least 2^13 of the value's, or it is 2^(s-24). The latter is no less than the
//     value's last place either, since the value is below 2^(s-14). So both numbers are multiples of the
//     value's last place.
//   - Zero is a code, and the nearest code is chosen, so the error is no larger than the value. At 0x77ff it is
//     at most one unit of the code's last place.
// Scaling is exact, except for results below 2^-126, whose code is zero anyway.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "compress/value_codec.hpp"

namespace pliant {
namespace {

constexpr std::int64_t kBlock = 256;
constexpr std::int32_t kMinExponent = -125;
constexpr std::int32_t kMaxExponent = 113;     // of the largest float32: 2^127 / 2^14
constexpr std::int32_t kLeadingExponent = 14;  // exponent of a block's largest value after scaling
constexpr std::uint32_t kMaxCode = 0x77ffU;
constexpr std::uint32_t kMagnitude = 0x7fffffffU;
constexpr std::uint32_t kMinNormal = 113U << 23;  // 2^-14 as float32's bits; codes below are subnormal
constexpr std::uint32_t kRebias = 112U << 23;  // between float32's exponent, moved by 13 bits, and binary16's
constexpr std::uint32_t kOneHalf = 126U << 23;  // its last place is 2^-24, a subnormal code's

using Codes = std::array<std::uint16_t, kBlock>;

std::int64_t blocks_of(std::int64_t kept) {
  return (kept + kBlock - 1) / kBlock;
}

std::int64_t code_bytes(std::int64_t kept) {
  return kept * static_cast<std::int64_t>(sizeof(std::uint16_t));
}

std::int64_t bytes(std::int64_t kept) {
  return code_bytes(kept) + blocks_of(kept);
}

/// 2^exponent, as a normal number.
float power_of_two(std::int32_t exponent) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(exponent + 127) << 23);
}

std::int32_t exponent_of(const float* values, std::size_t n) {
  std::int32_t largest = 0;
  for (std::size_t i = 0; i < n; ++i)
    largest =
        std::max(largest, static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(values[i]) & kMagnitude));
  return std::max((largest >> 23) - 127 - kLeadingExponent, kMinExponent);
}

/// Evaluates both sides, so that loops over it vectorise.
std::uint32_t select(bool condition, std::uint32_t yes, std::uint32_t no) {
  const std::uint32_t mask = 0U - static_cast<std::uint32_t>(condition);
  return (yes & mask) | (no & ~mask);
}

/// The code nearest to a magnitude < 2^15, ties to even.
std::uint32_t code_of(std::uint32_t magnitude) {
  const std::uint32_t normal = (magnitude - kRebias + 0xfff + (magnitude >> 13 & 1)) >> 13;
  const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
  const std::uint32_t subnormal = std::bit_cast<std::uint32_t>(shifted) - kOneHalf;
  return std::min(select(magnitude < kMinNormal, subnormal, normal), kMaxCode);
}

float magnitude_of(std::uint32_t code) {
  const std::uint32_t normal = (code << 13) + kRebias;
  const float subnormal = static_cast<float>(static_cast<std::int32_t>(code)) * 0x1p-24F;
  return std::bit_cast<float>(select(code < (1U << 10), std::bit_cast<std::uint32_t>(subnormal), normal));
}

float with_sign(float magnitude, std::uint32_t sign) {
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
}

void encode(float* values, std::int64_t kept, std::byte* out) {
  Codes codes;
  for (std::int64_t begin = 0; begin < kept; begin += kBlock) {
    const auto n = static_cast<std::size_t>(std::min(kBlock, kept - begin));
    float* block = values + begin;
    const std::int32_t exponent = exponent_of(block, n);
    const float down = power_of_two(-exponent);
    const float up = power_of_two(exponent);
    for (std::size_t i = 0; i < n; ++i) {
      const auto bits = std::bit_cast<std::uint32_t>(block[i] * down);
      const std::uint32_t sign = bits & ~kMagnitude;
      const std::uint32_t code = code_of(bits & kMagnitude);
      codes[i] = static_cast<std::uint16_t>(code | sign >> 16);
      block[i] -= with_sign(magnitude_of(code), sign) * up;
    }
    std::memcpy(out + code_bytes(begin), codes.data(), n * sizeof(codes[0]));
    out[code_bytes(kept) + begin / kBlock] = static_cast<std::byte>(exponent - kMinExponent);
  }
}

const char* decode(std::span<const std::byte> in, std::int64_t kept, float* out) {
  if (static_cast<std::int64_t>(in.size()) != bytes(kept)) return kWrongValueLength;
  Codes codes;
  std::uint32_t largest = 0;
  for (std::int64_t begin = 0; begin < kept; begin += kBlock) {
    const auto n = static_cast<std::size_t>(std::min(kBlock, kept - begin));
    const auto at = static_cast<std::size_t>(code_bytes(kept) + begin / kBlock);
    const std::int32_t exponent = std::to_integer<std::int32_t>(in[at]) + kMinExponent;
    if (exponent > kMaxExponent) return "a block's exponent is above 113";
    const float up = power_of_two(exponent);
    std::memcpy(codes.data(), in.data() + code_bytes(begin), n * sizeof(codes[0]));
    float* block = out + begin;
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint32_t code = codes[i] & 0x7fffU;
      largest = std::max(largest, code);
      block[i] = with_sign(magnitude_of(code), (codes[i] & 0x8000U) << 16) * up;
    }
  }
  return largest <= kMaxCode ? nullptr : "a code is not below 2^15";
}

// Codes below 2^-28 of a block's largest have fewer bits; their larger errors are negligible next to it.
double squared_error(const GainCurve& curve, std::int64_t kept) {
  return floating_point_error(curve, kept, 11);
}

}  // namespace

constinit const ValueCodec float16_values{
    .name = "float16",
    .summary = "16 bits: 11 bits of precision down to 2^-28 of the largest of 256",
    .id = 3,
    .lossy = true,
    .bytes = bytes,
    .encode = encode,
    .decode = decode,
    .squared_error = squared_error,
};

}  // namespace pliant
