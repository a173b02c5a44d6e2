// Every lossy algorithm with every codec: even with shorter codes, sums are conserved to the last bit.
#include <random>

#include "compress/wire.hpp"
#include "tests/collectives/lossy.hpp"

namespace pliant {
namespace {

constexpr std::size_t kCount = 20'011;
constexpr std::int64_t kKept = 700;
constexpr std::int64_t kSteps = 4;

class Codecs : public test::LossyConformance {
 protected:
  /// Multiples of 2^-6 below 2^6, with about exponentially distributed magnitudes, so that sums stay exact.
  std::vector<float> gradient(std::int64_t step) const {
    std::mt19937 random(static_cast<std::uint32_t>(rank_ * 1000 + step));
    std::vector<float> values(kCount);
    for (float& value : values) {
      const auto magnitude =
          static_cast<float>(1 + random() % 63) * std::exp2(-static_cast<float>(random() % 7));
      value = random() % 2 == 0 ? magnitude : -magnitude;
    }
    return values;
  }

  /// Exactly k places were sent, and the residual there is a rounding error, small compared with the value.
  void expect_k_places_were_sent(const test::LossyStep& step) const {
    std::int64_t sent = 0;
    double rounded_squared = 0;
    for (std::size_t i = 0; i < kCount; ++i) {
      if (test::bits(step.residual[i]) == test::bits(step.input[i])) continue;
      ++sent;
      EXPECT_LE(std::abs(step.residual[i]), 0.5F * std::abs(step.input[i])) << i;
      rounded_squared += static_cast<double>(step.residual[i]) * static_cast<double>(step.residual[i]);
    }
    // A leader's places may hold zeros here, which leave no trace.
    EXPECT_LE(sent, kKept);
    if (chooses_sums()) {
      EXPECT_GE(sum_over_ranks(sent), kKept) << "each chosen place was sent by somebody";
    } else {
      EXPECT_GE(sent, sends_its_own() ? kKept : kKept * 9 / 10);
    }
    EXPECT_NEAR(step.outcome.rounding_squared, rounded_squared, 1e-9 * rounded_squared);
  }

  void expect_codecs_conserve() {
    std::vector<float> residual(kCount);
    for (std::int64_t number = 0; number < kSteps; ++number) {
      SCOPED_TRACE(std::string(index_codec_->name) + ", " + std::string(value_codec_->name) + ", step " +
                   std::to_string(number));
      const std::vector<float> added = gradient(number);
      std::vector<float> input = added;
      for (std::size_t i = 0; i < kCount; ++i) input[i] += residual[i];
      const test::LossyStep step = run(input, kKept, number, &added);
      expect_nothing_is_lost(step);
      expect_k_places_were_sent(step);
      EXPECT_TRUE(same_bits_everywhere(step.result));
      const auto predicted = static_cast<double>(total_wire_bytes(algorithm(), shape_of(kCount, kKept)));
      EXPECT_NEAR(static_cast<double>(step.sent_by_all.bytes), predicted, 0.05 * predicted);
      residual = step.residual;
    }
  }
};

TEST_P(Codecs, ConserveEverything) {
  for (const IndexCodec* indices : index_codecs())
    for (const ValueCodec* values : value_codecs()) {
      index_codec_ = indices;
      value_codec_ = values;
      expect_codecs_conserve();
    }
}

TEST_P(Codecs, SendFewerBytesThanRaw) {
  const std::vector<float> input = gradient(0);
  const std::int64_t raw = run(input, kKept, 0).sent_by_all.bytes;
  index_codec_ = &rice_indices;
  const std::int64_t rice = run(input, kKept, 0).sent_by_all.bytes;
  if (ranks_ == 1) {
    EXPECT_EQ(raw, 0);
    return;
  }
  EXPECT_LT(rice, raw);
}

TEST_P(Codecs, SendNonFiniteValuesAsTheyAre) {
  std::vector<float> input = gradient(0);
  if (rank_ == 0) input[17] = std::numeric_limits<float>::infinity();
  for (const ValueCodec* values : value_codecs()) {
    value_codec_ = values;
    const test::LossyStep step = run(input, kKept, 0);
    EXPECT_TRUE(std::isinf(step.result[17])) << values->name;
    EXPECT_TRUE(same_bits_everywhere(step.result)) << values->name;
    EXPECT_FALSE(std::isnan(step.residual[17])) << values->name;
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, Codecs,
                         testing::ValuesIn(test::algorithms_where([](const AllreduceAlgorithm& algorithm) {
                           return !algorithm.exact;
                         })),
                         test::name_of_algorithm);

}  // namespace
}  // namespace pliant
