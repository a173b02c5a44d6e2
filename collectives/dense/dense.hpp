// The exact algorithms.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "collectives/allreduce.hpp"

namespace pliant {

extern const AllreduceAlgorithm ring_allreduce;
extern const AllreduceAlgorithm rabenseifner_allreduce;
extern const AllreduceAlgorithm double_tree_allreduce;
extern const AllreduceAlgorithm recursive_doubling_allreduce;
extern const AllreduceAlgorithm tree_allreduce;
extern const AllreduceAlgorithm mpi_allreduce;

inline bool supports_all(const AllreduceShape&) {
  return true;
}

/// Elements [range.begin, range.begin + range.count) of a call's data, as bytes.
inline std::span<std::byte> elements(std::byte* data, std::int64_t begin, std::int64_t count,
                                     ElementType type) {
  const std::int64_t width = element_bytes(type);
  return {data + begin * width, static_cast<std::size_t>(count * width)};
}

}  // namespace pliant
