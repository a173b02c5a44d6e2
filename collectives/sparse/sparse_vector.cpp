#include "collectives/sparse/sparse_vector.hpp"

#include <algorithm>

namespace pliant {

std::int64_t SparseVector::below(std::int64_t limit) const {
  const auto less = [](std::uint32_t index, std::int64_t bound) { return std::int64_t{index} < bound; };
  return std::lower_bound(indices, indices + kept, limit, less) - indices;
}

// The order of the two inputs is as good as random, so no branch depends on it.
SparseVector merge_add(const SparseVector& a, const SparseVector& b, SparseVector room) {
  std::int64_t i = 0;
  std::int64_t j = 0;
  std::int64_t out = 0;
  for (; i < a.kept && j < b.kept; ++out) {
    const std::uint32_t at_a = a.indices[i];
    const std::uint32_t at_b = b.indices[j];
    const float of_a = a.values[i];
    const float of_b = b.values[j];
    const float one = at_a < at_b ? of_a : of_b;
    room.indices[out] = std::min(at_a, at_b);
    room.values[out] = at_a == at_b ? of_a + of_b : one;
    i += static_cast<std::int64_t>(at_a <= at_b);
    j += static_cast<std::int64_t>(at_b <= at_a);
  }
  const SparseVector rest = i < a.kept ? a.from(i) : b.from(j);
  std::copy_n(rest.indices, rest.kept, room.indices + out);
  std::copy_n(rest.values, rest.kept, room.values + out);
  room.kept = out + rest.kept;
  return room;
}

void shift_indices(const SparseVector& vector, std::int64_t shift) {
  const auto added = static_cast<std::uint32_t>(shift);
  for (std::int64_t i = 0; i < vector.kept; ++i) vector.indices[i] += added;
}

SparseVector rotate(const SparseVector& vector, std::int64_t count, std::int64_t origin, SparseVector room) {
  const std::int64_t split = vector.below(origin);
  const SparseVector behind = vector.from(split);
  std::copy_n(behind.indices, behind.kept, room.indices);
  std::copy_n(behind.values, behind.kept, room.values);
  std::copy_n(vector.indices, split, room.indices + behind.kept);
  std::copy_n(vector.values, split, room.values + behind.kept);
  room.kept = vector.kept;
  shift_indices(room.first(behind.kept), -origin);
  shift_indices(room.from(behind.kept), count - origin);
  return room;
}

}  // namespace pliant
