// Value codecs: kept values in fewer bytes, with every rounding error given back.
//
// encode() leaves value - decode(encode(value)) where the value was, exactly: sent + error == value, bit by
// bit (but for the sign of zero). So nothing is lost where the errors join the residual. Each codec's file
// proves that the difference is a float32. One lemma serves all: a difference is a float32 if it is a
// multiple of the value's unit in the last place, and no larger than the value.
//
// Subnormal numbers must not be flushed to zero (-ffast-math asks the processor for that).
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
  std::uint8_t id;  ///< on the wire: never given to another codec; 0 says that a message has no values
  bool lossy;

  /// Exactly what encode() writes. A pure function: ranks agree.
  std::int64_t (*bytes)(std::int64_t kept);
  /// values: [kept], all finite unless the codec is lossless; they become the errors.
  void (*encode)(float* values, std::int64_t kept, std::byte* out);
  /// out: [kept]. Null, or what is wrong with `in`, which may come from anybody: then `out` holds anything.
  /// What it accepts is finite, unless the codec is lossless.
  const char* (*decode)(std::span<const std::byte> in, std::int64_t kept, float* out);
  /// Squared norm of the errors, expected where the values are the `kept` largest of a vector of these
  /// magnitudes, in any order.
  double (*squared_error)(const GainCurve& curve, std::int64_t kept);
};

/// The same of numbers with so many significant bits, where the error of each is spread evenly over its last
/// place u: u^2 / 12 on average.
double floating_point_error(const GainCurve& curve, std::int64_t kept, int significant_bits);

/// All there are, float32 first.
std::span<const ValueCodec* const> value_codecs();

/// Throws Error(info_value) that lists the names there are.
const ValueCodec& find_value_codec(std::string_view name);

/// Null if there is none.
const ValueCodec* value_codec_of(std::uint8_t id);

extern const ValueCodec float32_values;
extern const ValueCodec bfloat16_values;
extern const ValueCodec float16_values;
extern const ValueCodec int8_values;

/// What decoders say of an input of another length than bytes(kept).
inline constexpr const char* kWrongValueLength = "not as long as its values";

}  // namespace pliant
