// bfloat16: the upper half of a float32, rounded to nearest, ties to even. Rounds to the largest finite
// number rather than to infinity.
//
// The error is a float32: value and code are multiples of the value's last place, and differ by less than
// 2^16 of these. That also holds across a power of two, and at the largest number.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "compress/value_codec.hpp"

namespace pliant {
namespace {

constexpr std::int64_t kPiece = 256;  // elements processed between two copies: small enough for L1
constexpr std::uint32_t kMagnitude = 0x7fffffffU;
constexpr std::uint32_t kLargest = 0x7f7fU;
constexpr std::uint32_t kExponent = 0x7f80U;  // exponent bits of a code; all set in NaN and infinities

using Codes = std::array<std::uint16_t, kPiece>;

std::int64_t bytes(std::int64_t kept) {
  return kept * static_cast<std::int64_t>(sizeof(std::uint16_t));
}

std::uint32_t round_bits(std::uint32_t bits) {
  const std::uint32_t magnitude = bits & kMagnitude;
  const std::uint32_t rounded = (magnitude + 0x7fff + (magnitude >> 16 & 1)) >> 16;
  return std::min(rounded, kLargest) | (bits >> 16 & 0x8000);
}

void encode(float* values, std::int64_t kept, std::byte* out) {
  Codes codes;
  for (std::int64_t begin = 0; begin < kept; begin += kPiece) {
    const auto n = static_cast<std::size_t>(std::min(kPiece, kept - begin));
    float* piece = values + begin;
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint32_t code = round_bits(std::bit_cast<std::uint32_t>(piece[i]));
      codes[i] = static_cast<std::uint16_t>(code);
      piece[i] -= std::bit_cast<float>(code << 16);
    }
    std::memcpy(out + bytes(begin), codes.data(), n * sizeof(codes[0]));
  }
}

const char* decode(std::span<const std::byte> in, std::int64_t kept, float* out) {
  if (static_cast<std::int64_t>(in.size()) != bytes(kept)) return kWrongValueLength;
  Codes codes;
  std::uint32_t not_finite = 0;
  for (std::int64_t begin = 0; begin < kept; begin += kPiece) {
    const auto n = static_cast<std::size_t>(std::min(kPiece, kept - begin));
    std::memcpy(codes.data(), in.data() + bytes(begin), n * sizeof(codes[0]));
    float* piece = out + begin;
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint32_t code = codes[i];
      not_finite |= static_cast<std::uint32_t>((code & kExponent) == kExponent);
      piece[i] = std::bit_cast<float>(code << 16);
    }
  }
  return not_finite == 0 ? nullptr : "a value is not finite";
}

double squared_error(const GainCurve& curve, std::int64_t kept) {
  return floating_point_error(curve, kept, 8);
}

}  // namespace

constinit const ValueCodec bfloat16_values{
    .name = "bfloat16",
    .summary = "16 bits: float32's range, 8 bits of precision",
    .id = 2,
    .lossy = true,
    .bytes = bytes,
    .encode = encode,
    .decode = decode,
    .squared_error = squared_error,
};

}  // namespace pliant
