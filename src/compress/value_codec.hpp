// Value codecs: encode kept values in fewer bytes, and return every rounding error.
//
// encode() replaces each value by value - decode(encode(value)), exactly: sent + error == value, bit by bit
// except for the sign of zero. So nothing is lost if the errors are added to the residual. Each codec's file
// proves that the difference is a float32. All use one lemma: a difference is a float32 if it is a multiple
// of the value's unit in the last place, and no larger than the value.
//
// Subnormal numbers must not be flushed to zero, which -ffast-math makes the processor do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernels/gain_curve.hpp"

namespace pliant {

struct ValueCodec {
  std::string_view name;
  std::string_view summary;
  std::uint8_t id;  ///< on the wire; 0: a message without values; 3 was a codec that is gone
  bool lossy;

  /// Bytes that encode() writes, exactly. A pure function, so ranks agree.
  std::int64_t (*bytes)(std::int64_t kept);
  /// values: [kept], all finite unless the codec is lossless. Replaced by the errors.
  void (*encode)(float* values, std::int64_t kept, std::byte* out);
  /// Writes out [kept] and returns null, or returns what is wrong with the untrusted `in`; `out` is then
  /// unspecified. Accepted values are finite, unless the codec is lossless.
  const char* (*decode)(std::span<const std::byte> in, std::int64_t kept, float* out);
  /// Expected squared norm of the errors, if the values are the `kept` largest of a vector with these
  /// magnitudes, in any order.
  double (*squared_error)(const GainCurve& curve, std::int64_t kept);
};

/// Expected squared norm of the errors of numbers with so many significant bits. Each error is uniform over
/// the value's last place u, which gives u^2 / 12 on average.
double floating_point_error(const GainCurve& curve, std::int64_t kept, int significant_bits);

/// All codecs, float32 first.
std::span<const ValueCodec* const> value_codecs();

/// Throws Error(info_value), listing the valid names, for an unknown name.
const ValueCodec& find_value_codec(std::string_view name);

/// Returns null for an unknown id.
const ValueCodec* value_codec_of(std::uint8_t id);

extern const ValueCodec float32_values;
extern const ValueCodec bfloat16_values;
extern const ValueCodec int8_values;

/// The decoders' message for an input whose length is not bytes(kept).
inline constexpr const char* kWrongValueLength = "not as long as its values";

}  // namespace pliant
