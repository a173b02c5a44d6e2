// Splits `count` elements into chunks, one per rank.
#pragma once

#include <cstdint>

namespace pliant {

/// Elements [begin, begin + count).
struct Range {
  std::int64_t begin = 0;
  std::int64_t count = 0;

  friend bool operator==(const Range&, const Range&) = default;
};

/// Chunk `index` of `parts`. Chunks are contiguous and in order. Their counts differ by at most one, and the
/// larger chunks come first.
constexpr Range chunk_of(std::int64_t count, int parts, int index) {
  const std::int64_t base = count / parts;
  const std::int64_t extra = count % parts;
  const std::int64_t before = index < extra ? index : extra;
  return {index * base + before, base + (index < extra ? 1 : 0)};
}

}  // namespace pliant
