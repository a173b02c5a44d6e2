// Every lossy algorithm on extreme selections: equal on all ranks, disjoint, or empty. Results are sums of
// many or copies of one, and dense or empty.
#include <functional>
#include <set>

#include "tests/collectives/lossy.hpp"

namespace pliant {
namespace {

struct Extreme {
  const char* name;
  /// The value at place i of `count` on a rank of P. Integers, so that sums are exact.
  std::function<float(std::size_t i, std::size_t count, int rank, int ranks)> at;
};

/// Larger towards the front; no two places of a rank have equal magnitude.
float falling(std::size_t i, std::size_t count) {
  return static_cast<float>(count - i);
}

std::vector<Extreme> extremes() {
  return {
      {"the same on all ranks", [](auto i, auto count, int, int) { return falling(i, count); }},
      {"disjoint, interleaved",
       [](auto i, auto count, int rank, int ranks) {
         const bool own = static_cast<int>(i) % ranks == rank;
         return falling(i, count) + (own ? 100'000.0F : 0.0F);
       }},
      {"disjoint, each in its chunk",
       [](auto i, auto count, int rank, int ranks) {
         const bool own = i * static_cast<std::size_t>(ranks) / count == static_cast<std::size_t>(rank);
         return falling(i, count) + (own ? 100'000.0F : 0.0F);
       }},
      {"all at the end",
       [](auto i, auto, int rank, int) { return static_cast<float>((i + 1) * (rank + 1)); }},
      {"all of the same magnitude",
       [](auto i, auto, int rank, int) {
         return (i + static_cast<std::size_t>(rank)) % 2 == 0 ? 3.0F : -3.0F;
       }},
      {"sums that cancel", [](auto i, auto count, int rank,
                              int) { return rank % 2 == 0 ? falling(i, count) : -falling(i, count); }},
      {"one rank of zeros",
       [](auto i, auto count, int rank, int) { return rank == 0 ? 0.0F : falling(i, count); }},
      {"one value on one rank",
       [](auto i, auto count, int rank, int) { return rank == 0 && i == count / 2 ? 7.0F : 0.0F; }},
      {"zeros", [](auto, auto, int, int) { return 0.0F; }},
  };
}

class ExtremeSelections : public test::LossyConformance {
 protected:
  void expect_identities(const std::vector<float>& input, std::int64_t kept) {
    const test::LossyStep step = run(input, kept, 1);
    expect_nothing_is_lost(step);
    EXPECT_TRUE(same_bits_everywhere(step.result));
    expect_predicted_traffic(step, shape_of(input.size(), kept));
    for (std::size_t i = 0; i < input.size(); ++i) {
      if (test::bits(step.residual[i]) != 0) {
        ASSERT_EQ(test::bits(step.residual[i]), test::bits(input[i])) << i;
      }
    }
  }
};

TEST_P(ExtremeSelections, LoseNothing) {
  for (const Extreme& extreme : extremes())
    for (const std::size_t count : {1, 2, 3, 5, 1000, 5003}) {
      std::vector<float> input(count);
      for (std::size_t i = 0; i < count; ++i) input[i] = extreme.at(i, count, rank_, ranks_);
      const auto n = static_cast<std::int64_t>(count);
      for (const std::int64_t kept : std::set<std::int64_t>{1, n / 100 + 1, n / 4 + 1, n / 2 + 1, n}) {
        if (kept > n) continue;
        for (const IndexCodec* codec : {&raw_indices, &block_indices, &rice_indices}) {
          SCOPED_TRACE(std::string(extreme.name) + ", count " + std::to_string(count) + ", k " +
                       std::to_string(kept));
          index_codec_ = codec;
          if (codec == &raw_indices || algorithm().most_bytes != nullptr) expect_identities(input, kept);
        }
      }
    }
}

INSTANTIATE_TEST_SUITE_P(Registry, ExtremeSelections,
                         testing::ValuesIn(test::algorithms_where([](const AllreduceAlgorithm& algorithm) {
                           return !algorithm.exact;
                         })),
                         test::name_of_algorithm);

}  // namespace
}  // namespace pliant
