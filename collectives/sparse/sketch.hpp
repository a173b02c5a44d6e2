// How several ranks find the k largest of what they hold together, without telling one another all of it:
// each tells a few of its entries, evenly spaced by rank, from which follows an entry that at least k, and
// hardly more, are not below. Pure functions.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/magnitude.hpp"

namespace pliant {

/// An entry's place among all: larger magnitudes first, of equals the lower index, in the order of selections
/// (kernels.hpp). The larger key comes first; no two indices have the same.
inline std::uint64_t order_key(std::uint32_t index, float value) {
  return static_cast<std::uint64_t>(magnitude(value)) << 32 | static_cast<std::uint32_t>(~index);
}

/// A rank's sketch: [0] says how many entries it has, [1 + j] is the key of the mark_rank(j)-th largest.
using Sketch = std::span<std::uint64_t>;

/// Of mark j, from 1: the marks cut `entries` into parts that differ by at most one.
constexpr std::int64_t mark_rank(std::int64_t entries, std::int64_t marks, std::int64_t j) {
  return ((j + 1) * entries + marks - 1) / marks;
}

/// Marks with which k entries, and those that come along, take few bytes: about the square root of k.
std::int64_t marks_for(std::int64_t kept);

/// keys are reordered.
void draw_sketch(std::span<std::uint64_t> keys, Sketch sketch);

/// A mark, and how many entries lie between it and the mark before.
struct Mark {
  std::uint64_t key;
  std::int64_t entries;
};

/// The largest mark that `kept` or more entries of all ranks are not below; of each rank, less than
/// ceil(entries / marks) come along that need not. 0 if there are not so many entries.
/// sketches: [ranks][1 + marks], in any order; scratch: [ranks * marks]. Trusts no number in a sketch.
std::uint64_t limit_of(std::span<const std::uint64_t> sketches, std::int64_t marks, std::int64_t kept,
                       std::span<Mark> scratch);

}  // namespace pliant
