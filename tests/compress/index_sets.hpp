// Index sets for tests, and encoding and decoding with guarded buffers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "compress/index_codec.hpp"
#include "tests/compress/guarded.hpp"

namespace pliant::test {

using Random = std::mt19937_64;
using Bytes = std::vector<std::byte>;

struct IndexSet {
  std::string name;
  std::int64_t count;
  std::vector<std::uint32_t> indices;

  std::int64_t kept() const { return static_cast<std::int64_t>(indices.size()); }
};

/// A random set; all sets of `kept` are equally likely (Knuth, The Art of Computer Programming 3.4.2,
/// algorithm S).
inline IndexSet random_set(Random& random, std::int64_t count, std::int64_t kept) {
  IndexSet set{.name = "random", .count = count, .indices = {}};
  std::uniform_real_distribution<double> share;
  for (std::int64_t i = 0; kept > 0; ++i) {
    if (share(random) * static_cast<double>(count - i) >= static_cast<double>(kept)) continue;
    set.indices.push_back(static_cast<std::uint32_t>(i));
    --kept;
  }
  return set;
}

/// Runs of neighbours, far apart from each other.
inline IndexSet clustered_set(Random& random, std::int64_t count, std::int64_t kept) {
  IndexSet set{.name = "clustered", .count = count, .indices = {}};
  const std::int64_t mean_leap = count / (kept / 20 + 1) / 2;
  for (std::int64_t at = 0; at < count && set.kept() < kept; ++at) {
    if (random() % 20 == 0)
      at += static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(mean_leap + 1));
    if (at < count) set.indices.push_back(static_cast<std::uint32_t>(at));
  }
  return set;
}

/// `first`, then every `step`-th index.
inline IndexSet even_set(std::int64_t count, std::int64_t first, std::int64_t step) {
  IndexSet set{.name = "even", .count = count, .indices = {}};
  for (std::int64_t at = first; at < count; at += step) set.indices.push_back(static_cast<std::uint32_t>(at));
  return set;
}

inline bool is_index_set(const std::vector<std::uint32_t>& indices, std::int64_t count) {
  const bool ascending =
      std::adjacent_find(indices.begin(), indices.end(), std::greater_equal<>()) == indices.end();
  return ascending && (indices.empty() || indices.back() < count);
}

inline Bytes encode_indices(const IndexCodec& codec, const IndexSet& set) {
  Guarded<std::byte> out(codec.max_bytes(set.count, set.kept()));
  const std::int64_t bytes = codec.encode(set.indices.data(), set.count, set.kept(), out.data());
  EXPECT_LE(bytes, codec.max_bytes(set.count, set.kept())) << codec.name << ", " << set.name;
  Bytes encoded = out.copy();
  encoded.resize(static_cast<std::size_t>(bytes));
  return encoded;
}

/// Returns the indices, or nothing if the decoder refuses. An accepted set must be valid.
inline std::optional<std::vector<std::uint32_t>> decode_indices(const IndexCodec& codec, const Bytes& encoded,
                                                                std::int64_t count, std::int64_t kept) {
  // A copy, so that a sanitizer sees any read beyond its end.
  const Bytes in(encoded.begin(), encoded.end());
  Guarded<std::uint32_t> indices(kept);
  const char* problem = codec.decode(in, count, kept, indices.data());
  if (problem != nullptr) return std::nullopt;
  EXPECT_TRUE(is_index_set(indices.copy(), count)) << codec.name << ", count " << count << ", kept " << kept;
  return indices.copy();
}

inline void expect_round_trip(const IndexCodec& codec, const IndexSet& set) {
  ASSERT_TRUE(is_index_set(set.indices, set.count));
  const auto decoded = decode_indices(codec, encode_indices(codec, set), set.count, set.kept());
  ASSERT_TRUE(decoded) << codec.name << ", " << set.name << ", " << set.kept() << " of " << set.count;
  EXPECT_EQ(*decoded, set.indices) << codec.name << ", " << set.name << ", " << set.kept() << " of "
                                   << set.count;
}

}  // namespace pliant::test
