// Sums, reductions and sparse accesses on vectors. Compiled once per instruction set (simd.cpp).
#if defined(PLIANT_KERNELS_SIMD_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef PLIANT_KERNELS_SIMD_INL
#undef PLIANT_KERNELS_SIMD_INL
#else
#define PLIANT_KERNELS_SIMD_INL
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "kernels/kernels.hpp"
#include "kernels/magnitude.hpp"

HWY_BEFORE_NAMESPACE();
namespace pliant {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_AVX3
constexpr std::string_view kTargetName = "avx512";
#elif HWY_TARGET == HWY_AVX2
constexpr std::string_view kTargetName = "avx2";
#elif HWY_TARGET == HWY_SSE4
constexpr std::string_view kTargetName = "sse4";
#elif HWY_TARGET == HWY_NEON
constexpr std::string_view kTargetName = "neon";
#else
constexpr std::string_view kTargetName = "portable";
#endif

template <class T>
using Vectors = hn::CappedTag<T, kSquaresLanes>;
template <class T>
using Vector = hn::Vec<Vectors<T>>;
/// Elements per vector, and vectors per step of 16 elements.
template <class T>
constexpr std::int64_t kLanes = hn::MaxLanes(Vectors<T>());
template <class T>
constexpr std::int64_t kStepVectors = kSquaresLanes / kLanes<T>;

/// The 16 running sums of one block of a squared norm.
class SquareSums {
 public:
  /// Add the squares of elements [v x lanes, (v + 1) x lanes) of a step.
  HWY_INLINE void add(std::int64_t v, Vector<float> values) {
    const hn::Half<Vectors<float>> half;
    add_doubles(v * kLanes<float>, hn::PromoteTo(kDoubles, hn::LowerHalf(half, values)));
    add_doubles(v * kLanes<float> + kLanes<double>, hn::PromoteTo(kDoubles, hn::UpperHalf(half, values)));
  }
  HWY_INLINE void add(std::int64_t v, Vector<double> values) { add_doubles(v * kLanes<double>, values); }

  /// Add the squares of the elements after the last whole step, and fold the sums.
  template <class T>
  HWY_INLINE double total(const T* rest, std::int64_t count) {
    std::array<double, kSquaresLanes> lanes;
#pragma GCC unroll 16
    for (std::int64_t v = 0; v < kStepVectors<double>; ++v)
      hn::StoreU(sums_[v], kDoubles, lanes.data() + v * kLanes<double>);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto value = static_cast<double>(rest[i]);
      lanes[static_cast<std::size_t>(i)] += value * value;
    }
    for (std::size_t width = kSquaresLanes / 2; width > 0; width /= 2)
      for (std::size_t j = 0; j < width; ++j) lanes[j] += lanes[j + width];
    return lanes[0];
  }

 private:
  static constexpr Vectors<double> kDoubles{};

  // The square of a float is exact in double, so fusing changes nothing. The square of a double is not.
  HWY_INLINE void add_doubles(std::int64_t lane, Vector<double> values) {
    auto& sum = sums_[lane / kLanes<double>];
    sum = hn::Add(sum, hn::Mul(values, values));
  }

  Vector<double> sums_[kStepVectors<double>] = {};
};

/// Prefetch distance in elements. The loops are too long for out-of-order execution to look that far ahead,
/// and the hardware prefetcher stops at each page.
constexpr std::int64_t kStreamAhead = 512;

/// Prefetch the cache lines of a step of 16 elements.
template <class T>
HWY_INLINE void ask_ahead(const T* step) {
#pragma GCC unroll 16
  for (std::size_t line = 0; line < kSquaresLanes * sizeof(T) / 64; ++line)
    __builtin_prefetch(step + kStreamAhead + line * (64 / sizeof(T)));
}

template <class T>
double squared_norm(const T* values, std::int64_t count) {
  const Vectors<T> d;
  double total = 0;
  for (std::int64_t begin = 0; begin < count; begin += kSquaresBlock) {
    const std::int64_t end = std::min(begin + kSquaresBlock, count);
    SquareSums sums;
    std::int64_t i = begin;
    for (; i + kSquaresLanes <= end; i += kSquaresLanes) {
      ask_ahead(values + i);
#pragma GCC unroll 16
      for (std::int64_t v = 0; v < kStepVectors<T>; ++v)
        sums.add(v, hn::LoadU(d, values + i + v * kLanes<T>));
    }
    total += sums.total(values + i, end - i);
  }
  return total;
}

/// Sets block_squares[b] = work(first element, end) for each block, on the team. Returns their sum, in order.
template <class Work>
double sum_blocks(std::int64_t count, SelectWorkspace& workspace, Work&& work) {
  const std::int64_t blocks = (count + kSquaresBlock - 1) / kSquaresBlock;
  const int members = workspace.team == nullptr ? 1 : workspace.team->members();
  double* const squares = workspace.squares.of<double>(blocks);
  for_each_member(workspace, members, [&](int member) {
    for (std::int64_t b = blocks * member / members; b < blocks * (member + 1) / members; ++b)
      squares[b] = work(b * kSquaresBlock, std::min((b + 1) * kSquaresBlock, count));
  });
  double total = 0;
  for (std::int64_t b = 0; b < blocks; ++b) total += squares[b];
  return total;
}

/// Sets `into`, which may be the residual itself, to residual + gradient. A drained residual is set to zero.
template <bool kDrain>
double feed(float* into, const float* gradient, float* residual, std::int64_t count,
            SelectWorkspace& workspace) {
  return sum_blocks(count, workspace, [&](std::int64_t begin, std::int64_t end) {
    const Vectors<float> d;
    SquareSums sums;
    std::int64_t i = begin;
    for (; i + kSquaresLanes <= end; i += kSquaresLanes) {
      ask_ahead(residual + i);
      ask_ahead(gradient + i);
      if constexpr (kDrain) ask_ahead(into + i);
#pragma GCC unroll 16
      for (std::int64_t v = 0; v < kStepVectors<float>; ++v) {
        const std::int64_t at = i + v * kLanes<float>;
        const auto fed = hn::Add(hn::LoadU(d, residual + at), hn::LoadU(d, gradient + at));
        hn::StoreU(fed, d, into + at);
        if constexpr (kDrain) hn::StoreU(hn::Zero(d), d, residual + at);
        sums.add(v, fed);
      }
    }
    for (std::int64_t j = i; j < end; ++j) {
      into[j] = residual[j] + gradient[j];
      if constexpr (kDrain) residual[j] = 0;
    }
    return sums.total(into + i, end - i);
  });
}

double accumulate(float* residual, const float* gradient, std::int64_t count, SelectWorkspace& workspace) {
  return feed<false>(residual, gradient, residual, count, workspace);
}

double drain(float* result, const float* gradient, float* residual, std::int64_t count,
             SelectWorkspace& workspace) {
  return feed<true>(result, gradient, residual, count, workspace);
}

struct Sum {
  template <class V>
  HWY_INLINE static V apply(V into, V from) {
    return hn::Add(into, from);
  }
};
struct Min {
  template <class V>
  HWY_INLINE static V apply(V into, V from) {
    return hn::IfThenElse(hn::Lt(from, into), from, into);
  }
};
struct Max {
  template <class V>
  HWY_INLINE static V apply(V into, V from) {
    return hn::IfThenElse(hn::Lt(into, from), from, into);
  }
};
struct Prod {
  template <class V>
  HWY_INLINE static V apply(V into, V from) {
    return hn::Mul(into, from);
  }
};

/// Reduces whole vectors. The rest is copied into one vector, so that it is computed in the same way.
template <class T, class Op>
void reduce(void* into, const void* from, std::int64_t count) {
  const Vectors<T> d;
  T* const a = static_cast<T*>(into);
  const T* const b = static_cast<const T*>(from);
  std::int64_t i = 0;
  for (; i + kLanes<T> <= count; i += kLanes<T>)
    hn::StoreU(Op::apply(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, a + i);
  if (i == count) return;
  T rest_a[kLanes<T>] = {};
  T rest_b[kLanes<T>] = {};
  const auto rest_bytes = static_cast<std::size_t>(count - i) * sizeof(T);
  std::memcpy(rest_a, a + i, rest_bytes);
  std::memcpy(rest_b, b + i, rest_bytes);
  hn::StoreU(Op::apply(hn::LoadU(d, rest_a), hn::LoadU(d, rest_b)), d, rest_a);
  std::memcpy(a + i, rest_a, rest_bytes);
}

// Highway 1.0 cannot multiply vectors of 64-bit integers on every instruction set. Overflow wraps, as in MPI.
void multiply_int64(void* into, const void* from, std::int64_t count) {
  auto* const a = static_cast<std::uint64_t*>(into);
  const auto* const b = static_cast<const std::uint64_t*>(from);
  for (std::int64_t i = 0; i < count; ++i) a[i] *= b[i];
}

template <class T>
constexpr std::array<ReduceFunction, kReduceOps> reductions() {
  if constexpr (std::is_same_v<T, std::int64_t>) {
    return {reduce<T, Sum>, reduce<T, Min>, reduce<T, Max>, multiply_int64};
  } else {
    return {reduce<T, Sum>, reduce<T, Min>, reduce<T, Max>, reduce<T, Prod>};
  }
}

/// Prefetch distance of sparse accesses, each of which touches its own cache line.
constexpr std::int64_t kAhead = 32;

Selection take(float* from, const std::uint32_t* indices, std::int64_t kept, float* out) {
  Selection result;
  for (std::int64_t j = 0; j < kept; ++j) {
    if (j + kAhead < kept) __builtin_prefetch(from + indices[j + kAhead], 1);
    out[j] = from[indices[j]];
    from[indices[j]] = 0;
  }
  result.sent_squared = squared_norm(out, kept);
  if (!(result.sent_squared <= std::numeric_limits<double>::max()))
    for (std::int64_t j = 0; j < kept; ++j)
      result.nonfinite += magnitude(out[j]) >= Magnitude<float>::kInfinity ? 1 : 0;
  return result;
}

void scatter_add(float* into, const std::uint32_t* indices, const float* values, std::int64_t kept) {
  for (std::int64_t j = 0; j < kept; ++j) {
    if (j + kAhead < kept) __builtin_prefetch(into + indices[j + kAhead], 1);
    into[indices[j]] += values[j];
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace pliant
HWY_AFTER_NAMESPACE();

#endif
