// The oracle: plain loops, one obvious way each. What they answer is the definition of the contracts.
#include <bit>
#include <cmath>

#include "kernels/kernels.hpp"

namespace pliant {
namespace {

constexpr std::uint32_t kMagnitudeMask = 0x7fffffffU;
constexpr std::uint32_t kInfinityBits = 0x7f800000U;
// A magnitude has 31 bits: the upper 16 of them are one digit, the lower 15 the other.
constexpr unsigned kLowBits = 15;
constexpr std::size_t kBuckets = std::size_t{1} << 16;

std::uint32_t magnitude(float value) {
  return std::bit_cast<std::uint32_t>(value) & kMagnitudeMask;
}

template <class T>
struct Sum {
  static T apply(T a, T b) { return a + b; }
};
template <class T>
struct Min {
  static T apply(T a, T b) { return b < a ? b : a; }
};
template <class T>
struct Max {
  static T apply(T a, T b) { return a < b ? b : a; }
};
template <class T>
struct Prod {
  static T apply(T a, T b) { return a * b; }
};

// Integers wrap, as in MPI: signed overflow is done in unsigned arithmetic.
template <>
struct Sum<std::int32_t> {
  static std::int32_t apply(std::int32_t a, std::int32_t b) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
  }
};
template <>
struct Prod<std::int32_t> {
  static std::int32_t apply(std::int32_t a, std::int32_t b) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) * static_cast<std::uint32_t>(b));
  }
};
template <>
struct Sum<std::int64_t> {
  static std::int64_t apply(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
  }
};
template <>
struct Prod<std::int64_t> {
  static std::int64_t apply(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
  }
};

template <class T, template <class> class Op>
void reduce(void* into, const void* from, std::int64_t count) {
  T* a = static_cast<T*>(into);
  const T* b = static_cast<const T*>(from);
  for (std::int64_t i = 0; i < count; ++i) a[i] = Op<T>::apply(a[i], b[i]);
}

template <class T>
constexpr std::array<ReduceFunction, kReduceOps> reductions() {
  return {reduce<T, Sum>, reduce<T, Min>, reduce<T, Max>, reduce<T, Prod>};
}

double accumulate(float* residual, const float* gradient, std::int64_t count) {
  double total = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    residual[i] += gradient[i];
    total += static_cast<double>(residual[i]) * static_cast<double>(residual[i]);
  }
  return total;
}

double squared_norm(const float* values, std::int64_t count) {
  double total = 0;
  for (std::int64_t i = 0; i < count; ++i)
    total += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  return total;
}

/// The bucket in which the `wanted` largest end, and how many elements lie in buckets above it.
struct Cut {
  std::uint32_t bucket = 0;
  std::int64_t above = 0;
};

Cut find_cut(const std::vector<std::uint32_t>& histogram, std::int64_t wanted) {
  Cut cut;
  for (std::size_t bucket = histogram.size(); bucket-- > 0;) {
    if (cut.above + histogram[bucket] >= wanted) {
      cut.bucket = static_cast<std::uint32_t>(bucket);
      break;
    }
    cut.above += histogram[bucket];
  }
  return cut;
}

// Radix selection: a histogram of the upper digit finds the bucket that holds the k-th magnitude, a second
// one over that bucket alone finds the magnitude itself; then one pass emits everything above it and the
// first equals.
Selection select_topk(const float* values, std::int64_t count, std::int64_t kept, std::uint32_t* indices,
                      float* selected, SelectScratch& scratch) {
  Selection result;
  if (kept == 0) return result;

  scratch.histogram.assign(kBuckets, 0);
  for (std::int64_t i = 0; i < count; ++i) ++scratch.histogram[magnitude(values[i]) >> kLowBits];
  const Cut high = find_cut(scratch.histogram, kept);

  scratch.histogram.assign(std::size_t{1} << kLowBits, 0);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint32_t bits = magnitude(values[i]);
    if (bits >> kLowBits == high.bucket) ++scratch.histogram[bits & ((1U << kLowBits) - 1)];
  }
  const Cut low = find_cut(scratch.histogram, kept - high.above);
  const std::uint32_t threshold = (high.bucket << kLowBits) | low.bucket;
  std::int64_t equals = kept - high.above - low.above;

  std::int64_t out = 0;
  for (std::int64_t i = 0; i < count && out < kept; ++i) {
    const std::uint32_t bits = magnitude(values[i]);
    if (bits < threshold || (bits == threshold && equals == 0)) continue;
    if (bits == threshold) --equals;
    indices[out] = static_cast<std::uint32_t>(i);
    selected[out] = values[i];
    result.sent_squared += static_cast<double>(values[i]) * static_cast<double>(values[i]);
    result.nonfinite += bits >= kInfinityBits ? 1 : 0;
    ++out;
  }
  return result;
}

Selection take(float* from, const std::uint32_t* indices, std::int64_t kept, float* out) {
  Selection result;
  for (std::int64_t j = 0; j < kept; ++j) {
    const float value = from[indices[j]];
    from[indices[j]] = 0;
    out[j] = value;
    result.sent_squared += static_cast<double>(value) * static_cast<double>(value);
    result.nonfinite += magnitude(value) >= kInfinityBits ? 1 : 0;
  }
  return result;
}

void scatter_add(float* into, const std::uint32_t* indices, const float* values, std::int64_t kept) {
  for (std::int64_t j = 0; j < kept; ++j) into[indices[j]] += values[j];
}

bool always() {
  return true;
}

}  // namespace

constinit const Kernels scalar_kernels{
    .name = "scalar",
    .summary = "plain loops; the definition of every answer",
    .usable = always,
    .reduce = {reductions<float>(), reductions<double>(), reductions<std::int32_t>(),
               reductions<std::int64_t>()},
    .accumulate = accumulate,
    .squared_norm = squared_norm,
    .select_topk = select_topk,
    .take = take,
    .scatter_add = scatter_add,
};

}  // namespace pliant
