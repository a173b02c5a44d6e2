// The contracts of the inner loops, and the list of their implementations.
//
// `scalar` defines every answer; any other table gives the same bits. Pointers need no alignment beyond the
// element's own; ranges do not overlap unless a contract says so; count 0 is legal everywhere.
//
// Magnitude order, for all selections: |x| by its bits as an unsigned integer (sign cleared), so that
// NaN > infinity > every finite number, and -0 equals +0. Among equals the lowest index comes first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/element_type.hpp"

namespace pliant {

/// into[i] = op(into[i], from[i]) for i in [0, count).
using ReduceFunction = void (*)(void* into, const void* from, std::int64_t count);

/// What one selection found.
struct Selection {
  double sent_squared = 0;     ///< sum of the squares of the selected values
  std::int64_t nonfinite = 0;  ///< NaN and infinities among the selected values
};

/// Memory that select_topk may use between calls; grows once.
struct SelectScratch {
  std::vector<std::uint32_t> histogram;
};

struct Kernels {
  std::string_view name;
  std::string_view summary;
  bool (*usable)();  ///< can this processor run it

  std::array<std::array<ReduceFunction, kReduceOps>, kElementTypes> reduce;  ///< [ElementType][ReduceOp]

  /// residual[i] += gradient[i]; returns the sum of the squares of the result. Both [count].
  double (*accumulate)(float* residual, const float* gradient, std::int64_t count);
  /// Sum of squares, in double precision. [count]
  double (*squared_norm)(const float* values, std::int64_t count);
  /// The `kept` first of values[count] in magnitude order, in order of index: indices[kept], selected[kept].
  /// 0 <= kept <= count <= 2^32. Exact.
  Selection (*select_topk)(const float* values, std::int64_t count, std::int64_t kept, std::uint32_t* indices,
                           float* selected, SelectScratch& scratch);
  /// out[j] = from[indices[j]]; from[indices[j]] = 0; returns the squared norm and non-finite count of
  /// out[kept].
  Selection (*take)(float* from, const std::uint32_t* indices, std::int64_t kept, float* out);
  /// into[indices[j]] += values[j], j ascending. Indices may repeat only between calls.
  void (*scatter_add)(float* into, const std::uint32_t* indices, const float* values, std::int64_t kept);

  ReduceFunction reduction(ElementType type, ReduceOp op) const {
    return reduce[static_cast<std::size_t>(type)][static_cast<std::size_t>(op)];
  }
};

/// All tables, best first.
std::span<const Kernels* const> kernel_tables();

/// The table called `name`; the best usable one for `auto`. Throws Error(info_value) for others.
const Kernels& choose_kernels(std::string_view name);

extern const Kernels scalar_kernels;

}  // namespace pliant
