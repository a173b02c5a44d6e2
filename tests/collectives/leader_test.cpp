// The choice of leader. star_*: the ranks in turn. var_*: the rank with the heaviest selection, the lowest if
// equal.
#include "tests/collectives/lossy.hpp"

namespace pliant {
namespace {

constexpr std::size_t kPlaces = 4;  // each rank is heaviest at its own two places of them and nowhere else

class Leader : public test::LossyConformance {
 protected:
  /// 1 everywhere, except `weight` at this rank's own places 2 rank and 2 rank + 1.
  std::vector<float> own_places(float weight) const {
    std::vector<float> values(kPlaces * static_cast<std::size_t>(ranks_), 1);
    const auto first = 2 * static_cast<std::size_t>(rank_);
    values[first] = weight;
    values[first + 1] = -weight;
    return values;
  }

  /// The rank whose places were sent.
  int leader_of(const test::LossyStep& step) const {
    EXPECT_EQ(step.sent.size(), 2U);
    return step.sent.empty() ? -1 : static_cast<int>(step.sent.front() / 2);
  }
};

class Star : public Leader {};
class Var : public Leader {};

TEST_P(Star, Rotates) {
  for (std::int64_t step = 0; step < 2 * ranks_ + 1; ++step)
    EXPECT_EQ(leader_of(run(own_places(100), 2, step)), step % ranks_) << step;
  const std::int64_t far = std::int64_t{1} << 40;
  EXPECT_EQ(leader_of(run(own_places(100), 2, far)), far % ranks_);
}

TEST_P(Var, TakesTheHeaviest) {
  for (int heaviest = 0; heaviest < ranks_; ++heaviest)
    EXPECT_EQ(leader_of(run(own_places(rank_ == heaviest ? 101 : 100), 2, 5)), heaviest);
}

TEST_P(Var, TakesTheLowestOfEquals) {
  EXPECT_EQ(leader_of(run(own_places(100), 2, 5)), 0);
  if (ranks_ > 2) {
    EXPECT_EQ(leader_of(run(own_places(rank_ == 0 ? 99 : 100), 2, 5)), 1);
  }
}

TEST_P(Var, CountsANanAsHeaviest) {
  const int last = ranks_ - 1;
  const float weight = rank_ == last ? std::numeric_limits<float>::quiet_NaN() : 1e18F;
  EXPECT_EQ(leader_of(run(own_places(weight), 2, 5)), last);
}

INSTANTIATE_TEST_SUITE_P(Registry, Star,
                         testing::ValuesIn(test::algorithms_where([](const AllreduceAlgorithm& algorithm) {
                           return algorithm.name.starts_with("star_");
                         })),
                         test::name_of_algorithm);
INSTANTIATE_TEST_SUITE_P(Registry, Var,
                         testing::ValuesIn(test::algorithms_where([](const AllreduceAlgorithm& algorithm) {
                           return algorithm.name.starts_with("var_");
                         })),
                         test::name_of_algorithm);

}  // namespace
}  // namespace pliant
