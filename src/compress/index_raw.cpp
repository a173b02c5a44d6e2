// Raw indices: 4 bytes each, little-endian.
#include <cstring>

#include "compress/index_codec.hpp"

namespace pliant {
namespace {

constexpr std::int64_t kIndexBytes = sizeof(std::uint32_t);

double predicted_bytes(std::int64_t, std::int64_t kept) {
  return static_cast<double>(kept * kIndexBytes);
}

std::int64_t max_bytes(std::int64_t, std::int64_t kept) {
  return kept * kIndexBytes;
}

std::int64_t encode(const std::uint32_t* indices, std::int64_t, std::int64_t kept, std::byte* out) {
  if (kept > 0) std::memcpy(out, indices, static_cast<std::size_t>(kept * kIndexBytes));
  return kept * kIndexBytes;
}

const char* decode(std::span<const std::byte> in, std::int64_t count, std::int64_t kept,
                   std::uint32_t* indices) {
  if (static_cast<std::int64_t>(in.size()) != kept * kIndexBytes) return "not 4 bytes an index";
  if (kept == 0) return nullptr;
  std::memcpy(indices, in.data(), in.size());
  std::uint32_t descents = 0;
  for (std::int64_t i = 1; i < kept; ++i)
    descents |= static_cast<std::uint32_t>(indices[i] <= indices[i - 1]);
  if (descents != 0) return "an index is not above the one before";
  return indices[kept - 1] < count ? nullptr : kIndexNotBelowCount;
}

}  // namespace

constinit const IndexCodec raw_indices{
    .name = "raw",
    .summary = "32 bits an index",
    .id = 1,
    .predicted_bytes = predicted_bytes,
    .max_bytes = max_bytes,
    .encode = encode,
    .decode = decode,
};

}  // namespace pliant
