#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "compress/value_codec.hpp"
#include "core/error.hpp"

namespace pliant {
namespace {

constexpr std::array<const ValueCodec*, 3> kAll = {&float32_values, &bfloat16_values, &int8_values};

}  // namespace

std::span<const ValueCodec* const> value_codecs() {
  return kAll;
}

double floating_point_error(const GainCurve& curve, std::int64_t kept, int significant_bits) {
  double sum = 0;
  curve.for_largest(kept, [&](const GainCurve::Bucket& bucket, std::int64_t n) {
    if (!std::isfinite(bucket.edge) || bucket.edge <= 0) return;
    const double last_place = std::ldexp(1, std::ilogb(bucket.edge) - (significant_bits - 1));
    sum += static_cast<double>(n) * last_place * last_place / 12;
  });
  return sum;
}

const ValueCodec& find_value_codec(std::string_view name) {
  const auto found =
      std::find_if(kAll.begin(), kAll.end(), [&](const ValueCodec* codec) { return codec->name == name; });
  if (found != kAll.end()) return **found;
  std::string names;
  for (const ValueCodec* codec : kAll) names.append(names.empty() ? "" : ", ").append(codec->name);
  throw Error(ErrorClass::info_value, quoted("pliant_value_codec", name), "must be one of " + names,
              "Correct it; float32 sends values as they are");
}

const ValueCodec* value_codec_of(std::uint8_t id) {
  const auto found =
      std::find_if(kAll.begin(), kAll.end(), [&](const ValueCodec* codec) { return codec->id == id; });
  return found == kAll.end() ? nullptr : *found;
}

}  // namespace pliant
