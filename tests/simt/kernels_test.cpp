// Whole kernels against plain loops.
#include "kernels.hpp"

#include <vector>

#include "support.hpp"

namespace pliant {
namespace {

std::vector<unsigned> numbers(std::int64_t count) {
  std::vector<unsigned> made(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < made.size(); ++i) made[i] = (static_cast<unsigned>(i) + 7) * 2654435761U >> 12;
  return made;
}

void expect_scans(const simt::Launch& launch, const std::vector<unsigned>& from) {
  std::vector<unsigned> to(from.size());
  const auto count = static_cast<std::int64_t>(from.size());
  const simt::Report report = simt::run(launch, [&] { scan_tiles(from.data(), to.data(), count); });
  ASSERT_TRUE(report.ok) << report.text;
  unsigned sum = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    sum = from[i] + (i % kThreads == 0 ? 0 : sum);
    ASSERT_EQ(to[i], sum) << i;
  }
}

void expect_counts(const simt::Launch& launch, const std::vector<unsigned>& from) {
  std::vector<std::uint32_t> bins(kThreads, 0);
  std::vector<std::uint32_t> expected(kThreads, 0);
  const auto count = static_cast<std::int64_t>(from.size());
  const simt::Report report = simt::run(launch, [&] { histogram(from.data(), count, bins.data()); });
  ASSERT_TRUE(report.ok) << report.text;
  for (const unsigned number : from) ++expected[number % kThreads];
  EXPECT_EQ(bins, expected);
}

void expect_compacts(simt::Launch launch, const std::vector<unsigned>& from) {
  launch.blocks = 1;
  std::vector<unsigned> indices(from.size());
  std::vector<unsigned> expected;
  unsigned found = 0;
  const auto count = static_cast<std::int64_t>(from.size());
  const simt::Report report = simt::run(launch, [&] { compact(from.data(), count, indices.data(), &found); });
  ASSERT_TRUE(report.ok) << report.text;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i] % 3 == 0) expected.push_back(static_cast<unsigned>(i));
  }
  indices.resize(found);
  EXPECT_EQ(indices, expected);
}

TEST(Kernels, AreEqualToPlainLoops) {
  for (const std::int64_t count : {0, 1, 255, 256, 257, 10007}) {
    for (const unsigned blocks : {1U, 3U, 5U}) {
      for_each_schedule({.blocks = blocks, .resident = 3}, 3, [&](const simt::Launch& launch) {
        const std::vector<unsigned> from = numbers(count);
        expect_scans(launch, from);
        expect_counts(launch, from);
        expect_compacts(launch, from);
      });
    }
  }
}

TEST(Kernels, OfAMillionElements) {
  const std::vector<unsigned> from = numbers(1 << 20);
  const simt::Launch launch{.blocks = 4};
  expect_scans(launch, from);
  expect_counts(launch, from);
  expect_compacts(launch, from);
}

}  // namespace
}  // namespace pliant
