// The contracts of the inner loops, and the list of their implementations.
//
// `scalar` defines every answer, and any other table gives the same bits. Pointers need only the alignment of
// their element type. Ranges do not overlap unless a contract says so. Count 0 is always allowed.
//
// All selections use the magnitude order: |x| by its bits as an unsigned integer (sign cleared). So NaN >
// infinity > every finite number, and -0 equals +0. Among equals the lowest index comes first. The sum of two
// NaNs is a NaN with an unspecified payload: the processor takes that of one operand, and compilers choose
// the order.
//
// A squared norm is summed in double precision, in the same order for all tables and numbers of threads:
//   1. Each block of kSquaresBlock elements has 16 sums. Sum i mod 16 adds the squares of its elements i in order.
//   2. Sum j adds sum j + 8, then j + 4, j + 2, j + 1.
//   3. The blocks are added in order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/element_type.hpp"
#include "kernels/gain_curve.hpp"
#include "kernels/memory.hpp"
#include "kernels/team.hpp"

namespace pliant {

inline constexpr std::int64_t kSquaresBlock = 4096;
inline constexpr int kSquaresLanes = 16;

/// into[i] = op(into[i], from[i]) for i in [0, count).
using ReduceFunction = void (*)(void* into, const void* from, std::int64_t count);

/// The result of one selection.
struct Selection {
  double sent_squared = 0;     ///< squared norm of the selected values
  double total_squared = 0;    ///< squared norm of all elements; 0 from take()
  std::int64_t nonfinite = 0;  ///< NaN and infinities among the selected values
};

/// One selection with error feedback.
template <class T>
struct SelectCall {
  T* residual = nullptr;  ///< [count] in: the residual; out: residual + gradient, with +0 for taken elements
  const T* gradient = nullptr;       ///< [count]; null: `residual` already holds the error-fed gradient
  std::int64_t count = 0;            ///< <= 2^32
  std::int64_t kept = 0;             ///< 0 <= kept <= count
  bool take = true;                  ///< false: selected elements also stay in `residual`
  std::uint32_t* indices = nullptr;  ///< [kept] out, ascending; in the workspace, until its next selection
  T* values = nullptr;               ///< [kept] out, values before they were taken; in the workspace, too
  GainCurve* curve = nullptr;        ///< filled if not null; counting takes longer than selecting
};

namespace cuda {
class DeviceVectors;
}

/// Memory and threads for the selections of one communicator. Memory grows once, and is touched then.
struct SelectWorkspace {
  Team* team = nullptr;                   ///< null: only the calling thread
  cuda::DeviceVectors* device = nullptr;  ///< device that holds the vectors; null: they are in host memory
  Scratch indices;
  Scratch values;
  Scratch joined_indices;  ///< results of several threads, joined
  Scratch joined_values;
  Scratch band;
  Scratch sample;
  Scratch squares;
  Scratch histogram;
};

/// Calls work(member) for member in [0, members), with at most as many members as the team has.
template <class Work>
void for_each_member(SelectWorkspace& workspace, int members, Work&& work) {
  if (members == 1) return work(0);
  workspace.team->run([&](int member) {
    if (member < members) work(member);
  });
}

/// Selects exactly the first `kept` elements of residual + gradient in magnitude order; returns them in index
/// order.
template <class T>
using SelectFunction = Selection (*)(SelectCall<T>& call, SelectWorkspace& workspace);

/// The loops of a streaming selection: streaming_topk.hpp.
template <class T>
struct TopkLoops;

struct Kernels {
  std::string_view name;
  std::string_view summary;
  bool (*usable)();  ///< whether this processor can run the table

  std::array<std::array<ReduceFunction, kReduceOps>, kElementTypes> reduce;  ///< [ElementType][ReduceOp]

  SelectFunction<float> select_float;
  SelectFunction<double> select_double;
  const TopkLoops<float>* float_loops;  ///< loops of the selections; null if the table does not stream
  const TopkLoops<double>* double_loops;

  /// residual[i] += gradient[i]. Returns the squared norm of the result. Both [count].
  double (*accumulate)(float* residual, const float* gradient, std::int64_t count,
                       SelectWorkspace& workspace);
  /// result[i] = residual[i] + gradient[i], residual[i] = +0. Returns the squared norm of the result. All
  /// [count]; result may be gradient.
  double (*drain)(float* result, const float* gradient, float* residual, std::int64_t count,
                  SelectWorkspace& workspace);
  /// values: [count].
  double (*squared_norm)(const float* values, std::int64_t count);
  /// out[j] = from[indices[j]]; from[indices[j]] = +0. Does not compute total_squared. indices: [kept].
  Selection (*take)(float* from, const std::uint32_t* indices, std::int64_t kept, float* out);
  /// into[indices[j]] += values[j], j ascending. Indices within a call differ.
  void (*scatter_add)(float* into, const std::uint32_t* indices, const float* values, std::int64_t kept);

  ReduceFunction reduction(ElementType type, ReduceOp op) const {
    return reduce[static_cast<std::size_t>(type)][static_cast<std::size_t>(op)];
  }
};

/// All tables, best first.
std::span<const Kernels* const> kernel_tables();

/// Returns the table called `name`, or the best usable one for `auto`. Throws Error(info_value) for other
/// names.
const Kernels& choose_kernels(std::string_view name);

extern const Kernels scalar_kernels;
/// Tables built on SIMD instructions, best first; empty if the build has none.
std::span<const Kernels* const> simd_tables();

}  // namespace pliant
