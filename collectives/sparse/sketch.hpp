// Sketches, by which ranks find the k largest of the entries they hold together without exchanging all of
// them. Each rank sends a few of its entries, evenly spaced by rank. From these follows a limit: at least k
// entries, and hardly more, are not below it. Pure functions.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/magnitude.hpp"

namespace pliant {

/// Position of an entry in the order of selections (kernels.hpp): larger magnitudes first, of equals the
/// lower index. The larger key comes first; no two indices have the same.
inline std::uint64_t order_key(std::uint32_t index, float value) {
  return static_cast<std::uint64_t>(magnitude(value)) << 32 | static_cast<std::uint32_t>(~index);
}

/// A rank's sketch: [0] says how many entries it has, [1 + j] is the key of the mark_rank(j)-th largest.
using Sketch = std::span<std::uint64_t>;

/// Rank of mark j, counted from 1. The marks cut `entries` into parts that differ by at most one.
constexpr std::int64_t mark_rank(std::int64_t entries, std::int64_t marks, std::int64_t j) {
  return ((j + 1) * entries + marks - 1) / marks;
}

/// Number of marks with which the k entries, and the extra ones, take few bytes: about the square root of k.
std::int64_t marks_for(std::int64_t kept);

/// Fills `sketch` from `keys`, which are reordered.
void draw_sketch(std::span<std::uint64_t> keys, Sketch sketch);

/// A mark, and the number of entries between it and the mark before.
struct Mark {
  std::uint64_t key;
  std::int64_t entries;
};

/// The largest mark that `kept` or more entries of all ranks are not below; 0 if there are not so many
/// entries. Of each rank, less than ceil(entries / marks) entries pass in excess. Trusts no number in a
/// sketch. sketches: [ranks][1 + marks], in any order. scratch: [ranks * marks].
std::uint64_t limit_of(std::span<const std::uint64_t> sketches, std::int64_t marks, std::int64_t kept,
                       std::span<Mark> scratch);

}  // namespace pliant
