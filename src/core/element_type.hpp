// Element types and operations for which Pliant has kernels. All others go to MPI.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pliant {

enum class ElementType { float32, float64, int32, int64 };
enum class ReduceOp { sum, min, max, prod };

inline constexpr std::size_t kElementTypes = 4;
inline constexpr std::size_t kReduceOps = 4;

constexpr std::int64_t element_bytes(ElementType type) {
  return type == ElementType::float32 || type == ElementType::int32 ? 4 : 8;
}

}  // namespace pliant
