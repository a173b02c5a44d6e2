// Unchanged values: lossless, so the errors are zero, and NaN and infinities are allowed.
#include <cstring>

#include "compress/value_codec.hpp"

namespace pliant {
namespace {

std::int64_t bytes(std::int64_t kept) {
  return kept * static_cast<std::int64_t>(sizeof(float));
}

void encode(float* values, std::int64_t kept, std::byte* out) {
  if (kept == 0) return;
  std::memcpy(out, values, static_cast<std::size_t>(bytes(kept)));
  std::memset(values, 0, static_cast<std::size_t>(bytes(kept)));
}

const char* decode(std::span<const std::byte> in, std::int64_t kept, float* out) {
  if (static_cast<std::int64_t>(in.size()) != bytes(kept)) return kWrongValueLength;
  if (kept > 0) std::memcpy(out, in.data(), in.size());
  return nullptr;
}

double squared_error(const GainCurve&, std::int64_t) {
  return 0;
}

}  // namespace

constinit const ValueCodec float32_values{
    .name = "float32",
    .summary = "values as they are",
    .id = 1,
    .lossy = false,
    .bytes = bytes,
    .encode = encode,
    .decode = decode,
    .squared_error = squared_error,
};

}  // namespace pliant
