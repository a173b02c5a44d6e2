#include "kernels/kth.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>

namespace pliant {
namespace {

constexpr int kDigitBits = 11;
constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;
constexpr std::int64_t kFew = 4096;  ///< with so few entries, nth_element is faster than another narrowing
constexpr std::size_t kTile = 4096;  ///< entries processed at a time, which bounds the output buffer

/// Copies the entries of all lists in [low, high], at most kFew, into `few`. Returns their number.
template <class T>
std::int64_t gather(std::span<const std::span<const MagnitudeBits<T>>> lists, MagnitudeBits<T> low,
                    MagnitudeBits<T> high, MagnitudeBits<T>* few, const TopkLoops<T>& loops) {
  std::int64_t found = 0;
  for (const auto list : lists)
    for (std::size_t at = 0; at < list.size(); at += kTile)
      found +=
          loops.gather_between(list.subspan(at, std::min(kTile, list.size() - at)), low, high, few + found);
  return found;
}

}  // namespace

template <class T>
MagnitudeBits<T> kth_largest(std::span<const std::span<const MagnitudeBits<T>>> lists, std::int64_t rank,
                             MagnitudeBits<T> low, MagnitudeBits<T> high, const TopkLoops<T>& loops) {
  using Bits = MagnitudeBits<T>;
  std::int64_t within = 0;
  for (const auto list : lists) within += static_cast<std::int64_t>(list.size());
  while (within > kFew && low < high) {
    const int width = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(high - low)));
    const int shift = std::max(0, width - kDigitBits);
    std::array<std::array<std::uint32_t, kDigits + 1>, 2> histograms{};
    const auto range = static_cast<std::uint64_t>(high - low);
    for (const auto list : lists)
      for (std::size_t i = 0; i < list.size(); ++i) {
        const auto offset = static_cast<std::uint64_t>(list[i] - low);  // below low: wraps out of range
        ++histograms[i % 2][offset <= range ? offset >> shift : kDigits];
      }
    std::size_t digit = kDigits;
    do {
      --digit;
      within = std::int64_t{histograms[0][digit]} + histograms[1][digit];
      rank -= within;
    } while (rank > 0);
    rank += within;
    const Bits begin = low + (static_cast<Bits>(digit) << shift);
    high = begin + std::min<Bits>(high - begin, (Bits{1} << shift) - 1);
    low = begin;
  }
  if (low == high) return low;
  std::array<Bits, kFew + kTile + 64> few;
  const std::int64_t found = gather<T>(lists, low, high, few.data(), loops);
  std::nth_element(few.begin(), few.begin() + (rank - 1), few.begin() + found, std::greater<>());
  return few[static_cast<std::size_t>(rank - 1)];
}

template std::int32_t kth_largest<float>(std::span<const std::span<const std::int32_t>>, std::int64_t,
                                         std::int32_t, std::int32_t, const TopkLoops<float>&);
template std::int64_t kth_largest<double>(std::span<const std::span<const std::int64_t>>, std::int64_t,
                                          std::int64_t, std::int64_t, const TopkLoops<double>&);

}  // namespace pliant
