// The contracts of the inner loops, and the list of their implementations.
//
// `scalar` defines every answer; any other table gives the same bits. Pointers need no alignment beyond the
// element's own; ranges do not overlap unless a contract says so; count 0 is legal everywhere.
//
// Magnitude order, for all selections: |x| by its bits as an unsigned integer (sign cleared), so that
// NaN > infinity > every finite number, and -0 equals +0. Among equals the lowest index comes first. A sum of
// two NaNs is a NaN whose payload is open: the processor takes one operand's, and compilers choose the order.
//
// A squared norm is summed in double precision in one order, whatever the table and the number of threads:
// blocks of kSquaresBlock elements; in a block, lane i mod 16 adds the squares of its elements i in turn;
// then lane j adds lane j + 8, j + 4, j + 2, j + 1; the blocks are added in order.
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

/// What one selection found.
struct Selection {
  double sent_squared = 0;     ///< squared norm of the selected values
  double total_squared = 0;    ///< squared norm of everything selected from; 0 from take()
  std::int64_t nonfinite = 0;  ///< NaN and infinities among the selected values
};

/// One selection with error feedback.
template <class T>
struct SelectCall {
  T* residual = nullptr;  ///< [count] in: the residual; out: residual + gradient, what was taken being +0
  const T* gradient = nullptr;       ///< [count]; null: `residual` holds the error-fed gradient already
  std::int64_t count = 0;            ///< <= 2^32
  std::int64_t kept = 0;             ///< 0 <= kept <= count
  bool take = true;                  ///< false: what is selected stays in `residual` too
  std::uint32_t* indices = nullptr;  ///< [kept] out, ascending; in the workspace, until its next selection
  T* values = nullptr;               ///< [kept] out, their values before they were taken; there too
  GainCurve* curve = nullptr;        ///< not null: filled; counting takes longer than selecting
};

namespace cuda {
class DeviceVectors;
}

/// Memory and threads of the selections of one communicator. Memory grows once, and is touched then.
struct SelectWorkspace {
  Team* team = nullptr;                   ///< null: the caller alone
  cuda::DeviceVectors* device = nullptr;  ///< where the vectors lie; null: in the host's memory
  Room indices;
  Room values;
  Room joined_indices;  ///< what several threads found, joined
  Room joined_values;
  Room band;
  Room sample;
  Room squares;
  Room histogram;
};

/// work(member) for member in [0, members), at most as many as the team has.
template <class Work>
void for_each_member(SelectWorkspace& workspace, int members, Work&& work) {
  if (members == 1) return work(0);
  workspace.team->run([&](int member) {
    if (member < members) work(member);
  });
}

/// Exactly the `kept` first of residual + gradient in magnitude order, in order of index.
template <class T>
using SelectFunction = Selection (*)(SelectCall<T>& call, SelectWorkspace& workspace);

/// The parts of a streaming selection: streaming_topk.hpp.
template <class T>
struct TopkLoops;

struct Kernels {
  std::string_view name;
  std::string_view summary;
  bool (*usable)();  ///< can this processor run it

  std::array<std::array<ReduceFunction, kReduceOps>, kElementTypes> reduce;  ///< [ElementType][ReduceOp]

  SelectFunction<float> select_float;
  SelectFunction<double> select_double;
  const TopkLoops<float>* float_loops;  ///< what these are made of; null where they do not stream
  const TopkLoops<double>* double_loops;

  /// residual[i] += gradient[i]; returns the squared norm of the result. Both [count].
  double (*accumulate)(float* residual, const float* gradient, std::int64_t count,
                       SelectWorkspace& workspace);
  /// result[i] = residual[i] + gradient[i], residual[i] = +0; returns the squared norm of the result. All
  /// [count]; result may be gradient.
  double (*drain)(float* result, const float* gradient, float* residual, std::int64_t count,
                  SelectWorkspace& workspace);
  /// [count]
  double (*squared_norm)(const float* values, std::int64_t count);
  /// out[j] = from[indices[j]]; from[indices[j]] = +0; total_squared is not looked at. indices: [kept].
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
/// Tables built on SIMD instructions, best first; none where they were left out of the build.
std::span<const Kernels* const> simd_tables();

}  // namespace pliant
