// The oracle: plain loops, written in the most obvious way. Their answers define the contracts.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "kernels/gain_curve.hpp"
#include "kernels/kernels.hpp"
#include "kernels/magnitude.hpp"

namespace pliant {
namespace {

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

// Integers wrap, as in MPI, so this uses unsigned arithmetic.
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

template <class T>
double squared_norm(const T* values, std::int64_t count) {
  double total = 0;
  for (std::int64_t begin = 0; begin < count; begin += kSquaresBlock) {
    std::array<double, kSquaresLanes> lanes{};
    for (std::int64_t i = begin; i < std::min(begin + kSquaresBlock, count); ++i)
      lanes[static_cast<std::size_t>((i - begin) % kSquaresLanes)] +=
          static_cast<double>(values[i]) * static_cast<double>(values[i]);
    for (std::size_t width = kSquaresLanes / 2; width > 0; width /= 2)
      for (std::size_t j = 0; j < width; ++j) lanes[j] += lanes[j + width];
    total += lanes[0];
  }
  return total;
}

double accumulate(float* residual, const float* gradient, std::int64_t count, SelectWorkspace&) {
  for (std::int64_t i = 0; i < count; ++i) residual[i] += gradient[i];
  return squared_norm(residual, count);
}

double drain(float* result, const float* gradient, float* residual, std::int64_t count, SelectWorkspace&) {
  for (std::int64_t i = 0; i < count; ++i) {
    result[i] = residual[i] + gradient[i];
    residual[i] = 0;
  }
  return squared_norm(result, count);
}

/// The k-th magnitude, and the number of elements above it.
template <class T>
struct Cut {
  MagnitudeBits<T> bits = 0;
  std::int64_t above = 0;
};

// Finds the magnitude digit by digit from the top. Each histogram counts the elements with the digits found
// so far, and shows the bucket of the k-th.
template <class T>
Cut<T> find_cut(const SelectCall<T>& call, Scratch& memory) {
  constexpr int kDigitBits = 16;
  constexpr std::int64_t kDigits = std::int64_t{1} << kDigitBits;
  auto* const histogram = memory.of<std::int64_t>(kDigits);
  Cut<T> cut;
  for (int shift = static_cast<int>(sizeof(T)) * 8 - kDigitBits; shift >= 0; shift -= kDigitBits) {
    std::fill_n(histogram, kDigits, std::int64_t{0});
    for (std::int64_t i = 0; i < call.count; ++i) {
      const auto prefix = static_cast<std::int64_t>(magnitude(call.residual[i]) >> shift);
      if (prefix >> kDigitBits == cut.bits) ++histogram[prefix & (kDigits - 1)];
    }
    std::int64_t digit = kDigits - 1;
    for (; cut.above + histogram[digit] < call.kept; --digit) cut.above += histogram[digit];
    cut.bits = static_cast<MagnitudeBits<T>>(std::int64_t{cut.bits} << kDigitBits | digit);
  }
  return cut;
}

template <class T>
void fill_curve(const SelectCall<T>& call, SelectWorkspace& workspace, double total_squared) {
  auto* const histogram = workspace.histogram.of<std::uint32_t>(kBuckets<T>);
  std::fill_n(histogram, kBuckets<T>, 0U);
  count_magnitudes(call.residual, call.count, histogram);
  fill_gain_curve<T>({histogram, static_cast<std::size_t>(kBuckets<T>)}, total_squared, *call.curve);
}

template <class T>
std::int64_t count_nonfinite(const T* values, std::int64_t count) {
  return std::count_if(values, values + count,
                       [](T value) { return magnitude(value) >= Magnitude<T>::kInfinity; });
}

template <class T>
Selection select_topk(SelectCall<T>& call, SelectWorkspace& workspace) {
  Selection result;
  for (std::int64_t i = 0; i < call.count && call.gradient != nullptr; ++i)
    call.residual[i] += call.gradient[i];
  result.total_squared = squared_norm(call.residual, call.count);
  if (call.curve != nullptr) fill_curve(call, workspace, result.total_squared);
  call.indices = workspace.indices.of<std::uint32_t>(call.kept);
  call.values = workspace.values.of<T>(call.kept);
  if (call.kept == 0) return result;

  const Cut<T> cut = find_cut(call, workspace.histogram);
  std::int64_t equals = call.kept - cut.above;
  std::int64_t out = 0;
  for (std::int64_t i = 0; i < call.count && out < call.kept; ++i) {
    const MagnitudeBits<T> bits = magnitude(call.residual[i]);
    if (bits < cut.bits || (bits == cut.bits && equals == 0)) continue;
    if (bits == cut.bits) --equals;
    call.indices[out] = static_cast<std::uint32_t>(i);
    call.values[out++] = call.residual[i];
    if (call.take) call.residual[i] = 0;
  }
  result.sent_squared = squared_norm(call.values, call.kept);
  result.nonfinite = count_nonfinite(call.values, call.kept);
  return result;
}

Selection take(float* from, const std::uint32_t* indices, std::int64_t kept, float* out) {
  Selection result;
  for (std::int64_t j = 0; j < kept; ++j) {
    out[j] = from[indices[j]];
    from[indices[j]] = 0;
  }
  result.sent_squared = squared_norm(out, kept);
  result.nonfinite = count_nonfinite(out, kept);
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
    .select_float = select_topk<float>,
    .select_double = select_topk<double>,
    .float_loops = nullptr,
    .double_loops = nullptr,
    .accumulate = accumulate,
    .drain = drain,
    .squared_norm = squared_norm<float>,
    .take = take,
    .scatter_add = scatter_add,
};

}  // namespace pliant
