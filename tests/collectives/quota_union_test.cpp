// quota_union: how many elements each rank nominates, which ones, and the resulting places.
#include "collectives/sparse/quota_union.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "tests/collectives/quota_oracle.hpp"

namespace pliant {
namespace {

using quota::Quota;
using quota::Quotas;

using Places = std::vector<std::uint32_t>;

std::vector<std::int64_t> primaries(std::int64_t kept, int ranks, std::int64_t step) {
  const Quotas quotas(kept, ranks, step);
  std::vector<std::int64_t> counts;
  for (int rank = 0; rank < ranks; ++rank) counts.push_back(quotas.of(rank).primary);
  return counts;
}

Places part(const Places& nominations, Range range) {
  return {nominations.begin() + range.begin, nominations.begin() + range.begin + range.count};
}

Places united(const Quotas& quotas, Places nominations) {
  Places places(static_cast<std::size_t>(quotas.kept()));
  std::vector<std::uint64_t> turns(static_cast<std::size_t>(quotas.reserves()));
  quota::unite(quotas, nominations.data(), turns.data(), places.data());
  return places;
}

/// Nominations of all ranks, from their complete vectors.
Places nominations_of(const Quotas& quotas, const std::vector<std::vector<float>>& inputs) {
  Places nominations(static_cast<std::size_t>(quotas.room()));
  for (int rank = 0; rank < quotas.ranks(); ++rank) {
    const std::vector<float>& input = inputs[static_cast<std::size_t>(rank)];
    Places all(input.size());
    std::iota(all.begin(), all.end(), 0U);
    Places magnitudes(input.size());
    quota::nominate(quotas, rank, {all.data(), input.data(), static_cast<std::int64_t>(input.size())},
                    magnitudes.data(), nominations.data());
  }
  return nominations;
}

TEST(Quotas, TurnWithTheStep) {
  EXPECT_EQ(primaries(5, 3, 0), (std::vector<std::int64_t>{2, 2, 1}));
  EXPECT_EQ(primaries(5, 3, 1), (std::vector<std::int64_t>{2, 1, 2}));
  EXPECT_EQ(primaries(5, 3, 2), (std::vector<std::int64_t>{1, 2, 2}));
  EXPECT_EQ(primaries(5, 3, (std::int64_t{1} << 40) * 3), primaries(5, 3, 0));
  EXPECT_EQ(primaries(1, 4, 0), (std::vector<std::int64_t>{1, 0, 0, 0}));
  EXPECT_EQ(primaries(1, 4, 1), (std::vector<std::int64_t>{0, 0, 0, 1}));
}

TEST(Quotas, AddUpToKAndLieSideBySide) {
  for (int ranks = 1; ranks <= 9; ++ranks)
    for (const std::int64_t kept : {1, 2, 3, 7, 8, 9, 17, 64, 73, 1000, 1007})
      for (std::int64_t step = 0; step < ranks; ++step) {
        SCOPED_TRACE(std::to_string(ranks) + " ranks, k " + std::to_string(kept) + ", step " +
                     std::to_string(step));
        const Quotas quotas(kept, ranks, step);
        std::vector<int> users(static_cast<std::size_t>(quotas.room()));
        std::int64_t sum = 0;
        int with_most = 0;
        for (int rank = 0; rank < ranks; ++rank) {
          const Quota quota = quotas.of(rank);
          sum += quota.primary;
          with_most += quota.primary == quotas.most().primary ? 1 : 0;
          EXPECT_LE(quota.reserve, quotas.most().reserve);
          EXPECT_LE(quota.all(), kept);
          EXPECT_EQ(quotas.primary(rank).count, quota.primary);
          EXPECT_EQ(quotas.reserve(rank).count, quota.reserve);
          for (const Range range : {quotas.primary(rank), quotas.reserve(rank)})
            for (std::int64_t i = 0; i < range.count; ++i) ++users[static_cast<std::size_t>(range.begin + i)];
        }
        EXPECT_EQ(sum, kept);
        EXPECT_EQ(with_most, quotas.ranks_with_most());
        EXPECT_EQ(*std::max_element(users.begin(), users.end()), 1);
      }
}

TEST(QuotaNominations, AreTheLargestAndTheNextLargestWhateverTheFloats) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<std::vector<float>> inputs = {{1, -9, 3, 9, 0, 5, 7, -5, 5, 5},
                                                  {4, 4, -4, 4, 4, 4, 4, -4, 4, 4},
                                                  {0, infinity, 1, nan, -nan, -infinity, 2, 8, 0, 8}};
  for (std::int64_t kept = 1; kept <= 10; ++kept)
    for (std::int64_t step = 0; step < 3; ++step) {
      const Quotas quotas(kept, 3, step);
      const Places nominations = nominations_of(quotas, inputs);
      for (int rank = 0; rank < 3; ++rank) {
        SCOPED_TRACE("k " + std::to_string(kept) + ", step " + std::to_string(step) + ", rank " +
                     std::to_string(rank));
        const auto expected =
            test::nomination_oracle(inputs[static_cast<std::size_t>(rank)], kept, 3, rank, step);
        EXPECT_EQ(part(nominations, quotas.primary(rank)), expected.primary);
        if (kept > 1) {
          EXPECT_EQ(part(nominations, quotas.reserve(rank)), expected.reserve);
        }
      }
    }
}

TEST(QuotaUnion, DrawsReservesInTurnAndThenTheLowestPlaces) {
  // Two ranks, k = 4: two primaries and one reserve each.
  EXPECT_EQ(united(Quotas(4, 2, 0), {3, 7, 1, 9, 5, 2}), (Places{1, 3, 7, 9})) << "no reserve is needed";
  EXPECT_EQ(united(Quotas(4, 2, 0), {3, 7, 1, 7, 5, 2}), (Places{1, 3, 5, 7})) << "rank 0 is asked first";
  EXPECT_EQ(united(Quotas(4, 2, 0), {3, 7, 1, 7, 1, 2}), (Places{1, 2, 3, 7})) << "its place is there";
  EXPECT_EQ(united(Quotas(4, 2, 0), {3, 7, 3, 7, 5, 5}), (Places{0, 3, 5, 7})) << "the same twice";
  EXPECT_EQ(united(Quotas(4, 2, 0), {0, 2, 0, 2, 3, 3}), (Places{0, 1, 2, 3})) << "0 is there";
  // At step 1, rank 1 comes first, both in the array and in the rotation.
  EXPECT_EQ(united(Quotas(4, 2, 1), {1, 7, 3, 7, 2, 5}), (Places{1, 2, 3, 7}));
}

TEST(QuotaUnion, IsWhatTheRuleSaysHoweverRanksAgree) {
  std::mt19937 random(3);
  for (int trial = 0; trial < 3000; ++trial) {
    const int ranks = 1 + static_cast<int>(random() % 11);
    const std::size_t count = 1 + random() % 300;
    const std::int64_t kept = 1 + static_cast<std::int64_t>(random() % count);
    const std::int64_t step = random() % 40;
    const auto own_weight = static_cast<float>(random() % 4);  // 0: all ranks hold the same
    std::vector<float> common(count);
    for (float& value : common) value = static_cast<float>(random() % 50);
    std::vector<std::vector<float>> inputs(static_cast<std::size_t>(ranks), common);
    for (auto& input : inputs)
      for (float& value : input) value += own_weight * static_cast<float>(random() % 50);
    const Quotas quotas(kept, ranks, step);
    ASSERT_EQ(united(quotas, nominations_of(quotas, inputs)), test::quota_oracle(inputs, kept, step))
        << ranks << " ranks, count " << count << ", k " << kept << ", step " << step;
  }
}

}  // namespace
}  // namespace pliant
