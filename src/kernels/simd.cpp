// The inner loops on SIMD instructions, through Highway. This file is compiled once per instruction set.
// Vectors have at most 16 elements, and a step has exactly 16, so that sums of squares always have the same
// order.
#include "kernels/streaming_topk.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd.cpp"
// Each disabled target is close to an enabled one. `scalar` is better than the emulated vectors of
// HWY_SCALAR.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
// Assertions of debug and sanitizer builds need Highway's library. Without them its headers are enough.
#define HWY_IS_DEBUG_BUILD 0
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#if HWY_TARGET != HWY_SCALAR
#include "kernels/simd-inl.hpp"
#include "kernels/simd_topk-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace pliant {
namespace HWY_NAMESPACE {

constinit const TopkLoops<float> kFloatLoops{stream<float>, pick<float>, gather_between<float>,
                                             count_against<float>, squared_norm<float>};
constinit const TopkLoops<double> kDoubleLoops{stream<double>, pick<double>, gather_between<double>,
                                               count_against<double>, squared_norm<double>};

Selection select_float(SelectCall<float>& call, SelectWorkspace& workspace) {
  return streaming_topk(call, workspace, kFloatLoops);
}

Selection select_double(SelectCall<double>& call, SelectWorkspace& workspace) {
  return streaming_topk(call, workspace, kDoubleLoops);
}

// Checks the processor without Highway's library, so that its headers are enough.
bool usable() {
#if HWY_TARGET == HWY_AVX3
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("bmi2") &&
         __builtin_cpu_supports("fma");
#elif HWY_TARGET == HWY_AVX2
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
         __builtin_cpu_supports("fma");
#elif HWY_TARGET == HWY_SSE4
  return __builtin_cpu_supports("sse4.2");
#else
  return true;
#endif
}

constinit const Kernels kTable{
    .name = kTargetName,
    .summary = "vectors of this instruction set; selection in one streaming pass",
    .usable = usable,
    .reduce = {reductions<float>(), reductions<double>(), reductions<std::int32_t>(),
               reductions<std::int64_t>()},
    .select_float = select_float,
    .select_double = select_double,
    .float_loops = &kFloatLoops,
    .double_loops = &kDoubleLoops,
    .accumulate = accumulate,
    .drain = drain,
    .squared_norm = squared_norm<float>,
    .take = take,
    .scatter_add = scatter_add,
};

}  // namespace HWY_NAMESPACE
}  // namespace pliant
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace pliant {
namespace {

constexpr std::array kTables = {
#if HWY_TARGETS & HWY_AVX3
    &N_AVX3::kTable,
#endif
#if HWY_TARGETS & HWY_AVX2
    &N_AVX2::kTable,
#endif
#if HWY_TARGETS & HWY_SSE4
    &N_SSE4::kTable,
#endif
#if HWY_TARGETS & HWY_NEON
    &N_NEON::kTable,
#endif
};

}  // namespace

std::span<const Kernels* const> simd_tables() {
  return kTables;
}

}  // namespace pliant
#endif
