// Vectors of which most elements are zero. Pure functions: no messages, no memory of their own.
#pragma once

#include <cstdint>
#include <span>

namespace pliant {

/// Strictly ascending indices, and a value at each.
struct SparseVector {
  std::uint32_t* indices = nullptr;  ///< [kept]
  float* values = nullptr;           ///< [kept]
  std::int64_t kept = 0;

  SparseVector from(std::int64_t first) const { return {indices + first, values + first, kept - first}; }
  SparseVector first(std::int64_t count) const { return {indices, values, count}; }
  /// Number of entries whose indices are below `limit`, which may be 2^32.
  std::int64_t below(std::int64_t limit) const;
};

/// Returns a + b in `room`. If both have an index, the values are added; a zero sum stays. `room` overlaps
/// neither and holds as many entries as there are different indices.
SparseVector merge_add(const SparseVector& a, const SparseVector& b, SparseVector room);

/// Adds `shift` to all indices. Modulo 2^32, so that it may be negative.
void shift_indices(const SparseVector& vector, std::int64_t shift);

/// Returns `vector` in `room`, with indices counted from `origin` on and around the end at `count`. Its
/// indices must be below `count`.
SparseVector rotate(const SparseVector& vector, std::int64_t count, std::int64_t origin, SparseVector room);

}  // namespace pliant
