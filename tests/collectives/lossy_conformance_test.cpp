// Every lossy algorithm of the registry: identities, not tolerances. Gradients are small integers whose sign
// depends only on the place and the rank (with two levels, the host). So sums are exact, and no error-fed
// gradient is ever zero.
#include <set>

#include "compress/topk.hpp"
#include "tests/collectives/lossy.hpp"
#include "tests/collectives/quota_oracle.hpp"
#include "tests/support/float_inputs.hpp"

namespace pliant {
namespace {

class Lossy : public test::LossyConformance {
 protected:
  std::vector<float> gradient(std::size_t count, std::int64_t step) const {
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto mixed = static_cast<std::uint64_t>(i) * 2654435761U +
                         static_cast<std::uint64_t>(step) * 40503U + static_cast<std::uint64_t>(rank_) * 97U;
      const bool negative = (i * 31 + static_cast<std::size_t>(sender())) % 3 == 0;
      const auto magnitude = static_cast<float>(1 + (mixed >> 7) % 500);
      values[i] = negative ? -magnitude : magnitude;
    }
    return values;
  }

  void expect_sent_plus_residual_is_the_input(const test::LossyStep& step) const {
    std::vector<float> whole = step.residual;
    for (const std::uint32_t index : step.sent) whole[index] = step.input[index];
    EXPECT_EQ(test::first_difference(whole, step.input), -1);
  }

  void expect_only_sent_places_in_the_result(const test::LossyStep& step) const {
    std::vector<float> anywhere(step.input.size());
    for (const std::uint32_t index : step.sent) anywhere[index] = 1;
    const std::vector<double> senders = sum_over_all(anywhere);
    for (std::size_t i = 0; i < senders.size(); ++i)
      EXPECT_TRUE(senders[i] != 0 || test::bits(step.result[i]) == 0) << i;
  }

  /// Exactly k places, with the largest sums. A rank has sent those that it had selected.
  void expect_the_largest_sums(const test::LossyStep& step, std::int64_t kept) const {
    const std::vector<std::uint32_t> chosen = expected_choice(step.input, kept);
    EXPECT_EQ(static_cast<std::int64_t>(chosen.size()), kept);
    EXPECT_EQ(step.sent, own_among(chosen, step.input, kept));
    std::vector<float> sent(step.input.size());
    for (const std::uint32_t index : step.sent) sent[index] = step.input[index];
    const std::vector<double> sums = sum_over_all(sent);
    for (std::size_t i = 0; i < sums.size(); ++i) ASSERT_EQ(step.result[i], sums[i]) << i;
  }

  /// Exactly k places: the rank's own largest, those of the rule's leader, or those that all ranks nominated.
  /// A rank with a leader on its host sends nothing.
  void expect_the_right_places(const test::LossyStep& step, std::int64_t kept, std::int64_t number) const {
    if (chooses_sums()) return expect_the_largest_sums(step, kept);
    const int leader = expected_leader(step.input, kept, number);
    if (sender() != rank_) {
      EXPECT_TRUE(step.sent.empty());
      return;
    }
    EXPECT_EQ(static_cast<std::int64_t>(step.sent.size()), kept);
    if (starts_with("quota_")) {
      EXPECT_TRUE(same_bits_everywhere(step.sent));
      const std::vector<std::vector<float>> inputs = gather(step.input);
      if (rank_ == 0) {
        EXPECT_EQ(step.sent, test::quota_oracle(inputs, kept, number));
      }
      return;
    }
    if (leader < 0) {
      EXPECT_EQ(step.sent, test::topk_oracle(step.input, kept));
      return;
    }
    EXPECT_EQ(step.sent, places_of(leader, step.sent));
    if (rank_ == leader) {
      EXPECT_EQ(step.sent, test::topk_oracle(step.input, kept)) << "leader " << leader;
    }
  }

  /// The places that `leader` has sent. Collective over the sending ranks.
  std::vector<std::uint32_t> places_of(int leader, std::vector<std::uint32_t> places) const {
    const Communicator& senders = hosts_ != nullptr && !hosts_->layout().flat() ? hosts_->leaders() : comm_;
    const int root = hosts_ != nullptr ? hosts_->layout().host_of(leader) : leader;
    MPI_Bcast(places.data(), static_cast<int>(places.size()), MPI_UINT32_T, root, senders.handle());
    return places;
  }

  static double squared_norm(const std::vector<float>& values) {
    double total = 0;
    for (const float value : values) total += static_cast<double>(value) * static_cast<double>(value);
    return total;
  }

  void expect_the_outcome_is_told(const test::LossyStep& step) const {
    double squared = 0;
    for (const std::uint32_t index : step.sent)
      squared += std::pow(static_cast<double>(step.input[index]), 2);
    EXPECT_EQ(step.outcome.selection.sent_squared, squared);
    EXPECT_EQ(step.outcome.selection.total_squared, squared + squared_norm(step.residual));
    EXPECT_EQ(step.outcome.selection.nonfinite, 0);
  }

  void expect_conformance(std::size_t count, std::int64_t kept) {
    std::vector<float> residual = gradient(count, 99);  // another algorithm's
    for (std::int64_t number = 0; number < 2 * ranks_ + 1; ++number) {
      SCOPED_TRACE("count " + std::to_string(count) + ", k " + std::to_string(kept) + ", step " +
                   std::to_string(number));
      const std::vector<float> added = gradient(count, number);
      std::vector<float> input = added;
      for (std::size_t i = 0; i < count; ++i) input[i] += residual[i];
      const test::LossyStep step = run(input, kept, number, &added);
      expect_sent_plus_residual_is_the_input(step);
      expect_nothing_is_lost(step);
      EXPECT_TRUE(same_bits_everywhere(step.result));
      expect_only_sent_places_in_the_result(step);
      expect_the_right_places(step, kept, number);
      expect_the_outcome_is_told(step);
      expect_predicted_traffic(step, shape_of(count, kept));
      residual = step.residual;
    }
  }

  void expect_conformance_over_many_steps() {
    for (const std::size_t count : {1, 2, 7, 1000, 10'007}) {
      const auto n = static_cast<std::int64_t>(count);
      for (const std::int64_t kept :
           std::set<std::int64_t>{1, std::min<std::int64_t>(2, n), kept_count(n, 0.01), kept_count(n, 0.1),
                                  std::max<std::int64_t>(1, n - 1), n})
        expect_conformance(count, kept);
    }
  }

  void expect_the_same_bits() {
    for (const test::FloatInput& input : test::kFloatInputs) {
      std::mt19937 random(static_cast<std::uint32_t>(rank_) + 7);
      std::vector<float> values(5003);
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = input.at(i, random);
      for (const std::int64_t kept : {1, 50, 5003}) {
        const test::LossyStep step = run(values, kept, 1);
        EXPECT_TRUE(same_bits_everywhere(step.result)) << input.name << ", k = " << kept;
      }
    }
  }

  void expect_nonfinite_values_go_first() {
    const int last = ranks_ - 1;
    const bool together = hosts_ != nullptr && hosts_->layout().host_of(last) == 0;
    std::vector<float> values(100);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i + 1);
    if (rank_ == 0) values[3] = std::numeric_limits<float>::quiet_NaN();
    if (rank_ == last) values[5] = std::numeric_limits<float>::infinity();
    const test::LossyStep step = run(values, 2, 0);
    EXPECT_TRUE(std::isnan(step.result[3])) << "the NaN of rank 0 was not sent";
    EXPECT_TRUE(same_bits_everywhere(step.result));
    std::int64_t sent_nonfinite = 0;
    for (const std::uint32_t index : step.sent) sent_nonfinite += std::isfinite(step.input[index]) ? 0 : 1;
    EXPECT_EQ(step.outcome.selection.nonfinite, sent_nonfinite);
    if (rank_ == 0) {
      EXPECT_EQ(test::bits(step.residual[3]), 0U);
      EXPECT_EQ(sent_nonfinite, last == 0 || together ? 2 : 1);
    }
  }
};

class DeterministicLossy : public Lossy {};

/// Every route, and segments that split messages and headers.
TEST_P(Lossy, HoldsItsIdentitiesHoweverItsMessagesTravel) {
  for (const Route route : {Route::doubling, Route::neighbours}) {
    for (const std::int64_t segment_bytes : {std::int64_t{64}, std::int64_t{4096}}) {
      SCOPED_TRACE("route " + std::to_string(static_cast<int>(route)) + ", segments of " +
                   std::to_string(segment_bytes) + " bytes");
      route_ = route;
      segment_bytes_ = segment_bytes;
      on_every_layout([&] {
        expect_conformance(1000, 100);
        if (segment_bytes == 4096) expect_conformance(100'003, 40'000);
      });
    }
  }
}

TEST_P(Lossy, HoldsItsIdentitiesOverManySteps) {
  on_every_layout([&] { expect_conformance_over_many_steps(); });
}

TEST_P(Lossy, AllRanksEndWithTheSameBitsWhateverTheFloats) {
  on_every_layout([&] { expect_the_same_bits(); });
}

TEST_P(DeterministicLossy, CountChangesNothing) {
  std::mt19937 random(static_cast<std::uint32_t>(rank_) + 1);
  std::vector<float> values(3001);
  for (float& value : values) value = test::uniform(random) * 1e4F;
  const std::vector<float> prefix(values.begin(), values.begin() + 1000);
  std::vector<float> all = run(values, 3001, 0).result;
  all.resize(prefix.size());
  EXPECT_EQ(test::first_difference(all, run(prefix, 1000, 0).result), -1);
}

TEST_P(Lossy, SendsNonFiniteValuesFirstAndCountsThem) {
  on_every_layout([&] { expect_nonfinite_values_go_first(); });
}

/// If every rank chooses places, no rank may keep a value that it cannot add to.
TEST_P(Lossy, SendsTheNonFiniteValuesOfAllRanksThatChoose) {
  if (starts_with("star_") || starts_with("var_") || starts_with("two_level_star_"))
    GTEST_SKIP() << "one rank chooses";
  std::vector<float> values(100);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i + 1);
  const auto own = static_cast<std::size_t>(3 * rank_);
  values[own] = rank_ % 2 == 0 ? std::numeric_limits<float>::infinity() : -values[own];
  values[own + 1] = std::numeric_limits<float>::quiet_NaN();
  for (std::int64_t step = 0; step < ranks_; ++step) {
    const test::LossyStep report = run(values, 2 * ranks_, step);
    for (int rank = 0; rank < ranks_; ++rank) {
      const auto place = static_cast<std::size_t>(3 * rank);
      if (rank % 2 == 0) {
        EXPECT_TRUE(std::isinf(report.result[place])) << rank;
      }
      EXPECT_TRUE(std::isnan(report.result[place + 1])) << rank;
    }
    EXPECT_TRUE(std::isfinite(report.residual[own]) && std::isfinite(report.residual[own + 1]));
    EXPECT_EQ(report.outcome.selection.nonfinite, rank_ % 2 == 0 ? 2 : 1);
  }
}

TEST_P(Lossy, ASelectionMadeBeforeChangesNothing) {
  const std::vector<float> added = gradient(1009, 0);
  std::vector<float> input = added;
  for (std::size_t i = 0; i < input.size(); ++i) input[i] += static_cast<float>(i % 5);
  for (const std::int64_t kept : {1, 2, 7, 100, 1009})
    for (std::int64_t step = 0; step < ranks_; ++step) {
      SCOPED_TRACE("k " + std::to_string(kept) + ", step " + std::to_string(step));
      selects_before_ = false;
      const test::LossyStep plain = run(input, kept, step, &added);
      selects_before_ = true;
      const test::LossyStep selected = run(input, kept, step, &added);
      EXPECT_EQ(test::first_difference(selected.result, plain.result), -1);
      EXPECT_EQ(test::first_difference(selected.residual, plain.residual), -1);
      EXPECT_EQ(selected.outcome.selection.sent_squared, plain.outcome.selection.sent_squared);
      EXPECT_EQ(selected.outcome.selection.total_squared, plain.outcome.selection.total_squared);
    }
}

INSTANTIATE_TEST_SUITE_P(Registry, Lossy,
                         testing::ValuesIn(test::algorithms_where([](const AllreduceAlgorithm& algorithm) {
                           return !algorithm.exact;
                         })),
                         test::name_of_algorithm);
INSTANTIATE_TEST_SUITE_P(Registry, DeterministicLossy,
                         testing::ValuesIn(test::algorithms_where([](const AllreduceAlgorithm& algorithm) {
                           return !algorithm.exact && algorithm.deterministic;
                         })),
                         test::name_of_algorithm);

}  // namespace
}  // namespace pliant
