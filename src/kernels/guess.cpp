#include "kernels/guess.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

namespace pliant {
namespace {

constexpr std::int64_t kNeighbours = 16;
constexpr std::int64_t kMostStrata = 4096;
constexpr std::int64_t kLeastStrata = 256;
constexpr std::int64_t kWhole = 1024;             ///< vectors up to this length are sampled whole
constexpr std::int64_t kElementsPerStratum = 64;  ///< longer vectors: at most one in four
constexpr int kDigitBits = 12;
constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;
/// Added to a margin, in ranks: ranks near 0 scatter more than the square root of the rank.
constexpr double kRankSlack = 8;

/// The sampled magnitudes.
template <class T>
struct Sample {
  std::int64_t strata = 0;
  MagnitudeBits<T>* bits = nullptr;  ///< [strata][kNeighbours]
  MagnitudeBits<T>* near = nullptr;  ///< memory of the same length for the entries in the relevant buckets

  std::int64_t size() const { return strata * kNeighbours; }
};

/// A number in [0, 2^32) that varies between strata without a pattern (Knuth's multiplicative hash).
std::uint32_t scattered(std::int64_t stratum) {
  std::uint32_t x = static_cast<std::uint32_t>(stratum) * 2654435769U;
  x ^= x >> 15;
  return x * 2246822519U;
}

/// A sample of s elements costs s. Its margin adds candidates beyond the k, which cost n d / sqrt(s d) (n
/// elements, density d). The sum is least if s grows as (n^2 d)^(1/3). The factor was measured (pliant_bench
/// --kernels, 1 Mi to 100 M elements).
std::int64_t strata_of(std::int64_t count, std::int64_t kept) {
  if (count <= kWhole) return count / kNeighbours;
  constexpr double kFactor = 2.0 / kNeighbours;
  const double wanted = kFactor * std::cbrt(static_cast<double>(count) * static_cast<double>(kept));
  return std::min(std::clamp(static_cast<std::int64_t>(wanted), kLeastStrata, kMostStrata),
                  count / kElementsPerStratum);
}

template <class T>
Sample<T> draw(const SelectCall<T>& call, Scratch& memory) {
  Sample<T> sample;
  sample.strata = strata_of(call.count, call.kept);
  sample.bits = memory.of<MagnitudeBits<T>>(2 * sample.size());
  sample.near = sample.bits + sample.size();
  const double width = static_cast<double>(call.count) / static_cast<double>(sample.strata);
  const auto block_begin = [&](std::int64_t stratum) {
    const double offset = static_cast<double>(scattered(stratum)) * 0x1p-32 * (width - kNeighbours);
    return static_cast<std::int64_t>(static_cast<double>(stratum) * width + offset);
  };
  constexpr std::int64_t kAhead = 32;  // prefetching overlaps the blocks' latencies
  for (std::int64_t s = 0; s < sample.strata; ++s) {
    const std::int64_t soon = block_begin(std::min(s + kAhead, sample.strata - 1));
    __builtin_prefetch(call.residual + soon);
    __builtin_prefetch(call.residual + soon + kNeighbours - 1);
    if (call.gradient != nullptr) {
      __builtin_prefetch(call.gradient + soon);
      __builtin_prefetch(call.gradient + soon + kNeighbours - 1);
    }
    const std::int64_t begin = block_begin(s);
    MagnitudeBits<T>* out = sample.bits + s * kNeighbours;
    for (std::int64_t i = 0; i < kNeighbours; ++i) {
      const T value = call.residual[begin + i];
      out[i] = magnitude(call.gradient != nullptr ? value + call.gradient[begin + i] : value);
    }
  }
  return sample;
}

/// Standard deviation of the number of sampled elements >= threshold. It uses differences of neighbouring
/// strata, so slow changes along the vector do not count.
template <class T>
double deviation(const Sample<T>& sample, MagnitudeBits<T> threshold) {
  double squares = 0;
  int before = 0;
  for (std::int64_t s = 0; s < sample.strata; ++s) {
    int hits = 0;
    for (std::int64_t i = 0; i < kNeighbours; ++i)
      hits += sample.bits[s * kNeighbours + i] >= threshold ? 1 : 0;
    if (s > 0) squares += 0.5 * (hits - before) * (hits - before);
    before = hits;
  }
  return std::sqrt(squares);
}

/// Turns ranks in the sample into magnitudes: one histogram, then a selection among the few entries of the
/// relevant buckets.
template <class T>
class Ranks {
 public:
  using Bits = MagnitudeBits<T>;
  static constexpr int kShift = std::numeric_limits<Bits>::digits - kDigitBits;

  explicit Ranks(const Sample<T>& sample) : sample_(sample) {
    for (std::int64_t i = 0; i < sample.size(); ++i)
      ++histogram_[static_cast<std::size_t>(i % 4)][static_cast<std::size_t>(sample.bits[i] >> kShift)];
    for (std::size_t digit = 0; digit < kDigits; ++digit)
      for (std::size_t part = 1; part < 4; ++part) histogram_[0][digit] += histogram_[part][digit];
  }

  /// Least magnitude of the bucket with the rank-th largest entry.
  Bits bucket_edge(std::int64_t rank) const {
    std::int64_t above = 0;
    return static_cast<Bits>(bucket_of(rank, above)) << kShift;
  }

  /// The magnitudes of three ranks (from 1), which must not decrease.
  std::array<Bits, 3> largest(const std::array<std::int64_t, 3>& ranks) const {
    std::int64_t above_first = 0;
    std::int64_t above_last = 0;
    const std::size_t first = bucket_of(ranks[0], above_first);
    const std::size_t last = bucket_of(ranks[2], above_last);
    Bits* const near = sample_.near;
    Bits* end = near;
    Bits differing = 0;
    for (std::int64_t i = 0; i < sample_.size(); ++i) {
      const auto digit = static_cast<std::size_t>(sample_.bits[i] >> kShift);
      *end = sample_.bits[i];
      const bool inside = digit <= first && digit >= last;
      end += inside ? 1 : 0;
      differing |= inside ? *near ^ sample_.bits[i] : 0;
    }
    if (differing == 0) return {*near, *near, *near};
    std::array<Bits, 3> found{};
    Bits* begin = near;
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      Bits* const at = near + (ranks[i] - 1 - above_first);
      if (at >= begin) std::nth_element(begin, at, end, std::greater<>());
      found[i] = *at;
      begin = std::max(begin, at + 1);
    }
    return found;
  }

 private:
  std::size_t bucket_of(std::int64_t rank, std::int64_t& above) const {
    above = 0;
    std::size_t digit = kDigits - 1;
    for (; above + histogram_[0][digit] < rank; --digit) above += histogram_[0][digit];
    return digit;
  }

  const Sample<T>& sample_;
  std::array<std::array<std::uint32_t, kDigits>, 4> histogram_{};
};

}  // namespace

template <class T>
Guess<T> guess_threshold(const SelectCall<T>& call, double margin, Scratch& memory) {
  Guess<T> guess{0, 0, kMostMagnitude<T>};
  const Sample<T> sample = draw(call, memory);
  if (sample.strata == 0) return guess;
  const double share = static_cast<double>(call.kept) / static_cast<double>(call.count);
  const double rank = share * static_cast<double>(sample.size());
  const auto within = [&](double r) {
    return std::clamp(static_cast<std::int64_t>(std::ceil(r)), std::int64_t{1}, sample.size());
  };
  const Ranks<T> ranks(sample);
  const double spread = margin * deviation(sample, ranks.bucket_edge(within(rank))) + kRankSlack;
  const auto found = ranks.largest({within(rank - spread), within(rank), within(rank + spread)});
  guess.high = found[0];
  guess.zero = found[1];
  if (rank + spread <= static_cast<double>(sample.size())) guess.low = found[2];
  // If `low` may be a plateau, most of which is not picked, its elements are not taken at once.
  if (guess.low < guess.high && guess.zero == guess.low) ++guess.zero;
  return guess;
}

template Guess<float> guess_threshold(const SelectCall<float>&, double, Scratch&);
template Guess<double> guess_threshold(const SelectCall<double>&, double, Scratch&);

}  // namespace pliant
