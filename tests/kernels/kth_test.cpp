// The k-th largest of several lists, against sorting.
#include "kernels/kth.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "tests/kernels/tables.hpp"

namespace pliant {
namespace {

template <class T>
const TopkLoops<T>& any_loops(const Kernels& kernels) {
  if constexpr (std::is_same_v<T, float>) {
    return *kernels.float_loops;
  } else {
    return *kernels.double_loops;
  }
}

/// Random magnitudes in [low, high].
template <class Bits>
struct Entries {
  const char* name;
  Bits low;
  Bits high;
  std::vector<Bits> all;
};

template <class Bits>
std::vector<Bits> random_entries(std::size_t count, Bits low, Bits high, std::mt19937_64& random) {
  std::uniform_int_distribution<Bits> any(low, high);
  std::vector<Bits> entries(count);
  for (Bits& entry : entries) entry = any(random);
  return entries;
}

template <class T>
std::vector<Entries<MagnitudeBits<T>>> every_entries(std::size_t count) {
  using Bits = MagnitudeBits<T>;
  constexpr Bits kMost = kMostMagnitude<T>;
  std::mt19937_64 random(count);
  const auto any = [&](Bits low, Bits high) { return random_entries<Bits>(count, low, high, random); };
  std::vector<Entries<Bits>> all = {
      {"all bits", 0, kMost, any(0, kMost)},
      {"finite", 0, kMost, any(0, Magnitude<T>::kInfinity - 1)},
      {"narrow", magnitude(T(1)), magnitude(T(1)) + 700, any(magnitude(T(1)), magnitude(T(1)) + 700)},
      {"of odd ends", 12345, kMost - 54321, any(12345, kMost - 54321)},
      {"two", 8, 9, any(8, 9)},
      {"one of many allowed", 1, kMost, std::vector<Bits>(count, 77)},
      {"one and no other", 77, 77, std::vector<Bits>(count, 77)},
      {"the greatest", 3, kMost, std::vector<Bits>(count, kMost)},
      {"the greatest and others", magnitude(T(1)) + 1, kMost, any(magnitude(T(1)) + 1, magnitude(T(2)))},
  };
  for (std::size_t i = 0; i < count; i += 3) all.back().all[i] = kMost;
  return all;
}

template <class T>
void expect_kth(const TopkLoops<T>& loops, std::size_t count, std::size_t parts) {
  using Bits = MagnitudeBits<T>;
  for (const Entries<Bits>& entries : every_entries<T>(count)) {
    std::vector<Bits> sorted = entries.all;
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    // Lists of different lengths; if there are several, the first is empty.
    std::vector<std::vector<Bits>> owners(parts);
    for (std::size_t i = 0; i < count; ++i)
      owners[parts == 1 ? 0 : 1 + i * (parts - 1) / count].push_back(entries.all[i]);
    const std::vector<std::span<const Bits>> lists(owners.begin(), owners.end());
    for (const std::size_t rank :
         {std::size_t{1}, std::size_t{2}, count / 100, count / 3, count / 2, count - 1, count}) {
      if (rank < 1 || rank > count) continue;
      EXPECT_EQ(kth_largest<T>(lists, static_cast<std::int64_t>(rank), entries.low, entries.high, loops),
                sorted[rank - 1])
          << entries.name << ", rank " << rank << " of " << count << " in " << parts;
    }
  }
}

class Kth : public test::KernelTest {};

TEST_P(Kth, IsWhatSortingSays) {
  // Around 4096, where narrowing by a histogram begins.
  for (const std::size_t count : {1, 2, 3, 17, 1000, 4095, 4096, 4097, 5000, 20'000, 100'001})
    for (const std::size_t parts : {1, 2, 8}) {
      expect_kth<float>(any_loops<float>(kernels()), count, parts);
      expect_kth<double>(any_loops<double>(kernels()), count, parts);
    }
}

INSTANTIATE_TEST_SUITE_P(Kernels, Kth, test::streaming_tables(), test::table_name);

}  // namespace
}  // namespace pliant
