// Every index codec restores every index set, in the number of bytes it announced.
#include "compress/index_codec.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/compress/index_sets.hpp"
#include "tests/support/errors.hpp"

namespace pliant {
namespace {

constexpr std::int64_t kMost = std::int64_t{1} << 32;
constexpr std::int64_t kAffordableBytes = std::int64_t{1} << 26;  // a bitmap of 2^32 elements is not

class EveryIndexCodec : public testing::TestWithParam<const IndexCodec*> {};

TEST_P(EveryIndexCodec, KeepsEverySubsetOfSmallVectors) {
  for (std::int64_t count = 0; count <= 10; ++count)
    for (std::uint32_t subset = 0; subset < 1U << count; ++subset) {
      test::IndexSet set{.name = "subset", .count = count, .indices = {}};
      for (std::uint32_t i = 0; i < count; ++i)
        if ((subset >> i & 1) != 0) set.indices.push_back(i);
      test::expect_round_trip(*GetParam(), set);
    }
}

TEST_P(EveryIndexCodec, KeepsRandomSetsOfEveryCount) {
  test::Random random(1);
  for (std::int64_t count = 1; count <= 1000; ++count)
    for (const std::int64_t kept :
         {std::int64_t{0}, std::int64_t{1}, count / 100, count / 7, count / 2, count - 1, count}) {
      test::expect_round_trip(*GetParam(), test::random_set(random, count, kept));
      if (HasFailure()) return;
    }
}

std::vector<test::IndexSet> unusual_sets() {
  test::Random random(2);
  std::vector<test::IndexSet> sets;
  for (const std::int64_t count : {5000, 70'001, 1'000'000}) {
    for (const std::int64_t kept : {127, 128, 129, 255, 256, 257, 1000})
      sets.push_back(test::clustered_set(random, count, kept));
    sets.push_back(test::even_set(count, 0, 1));
    sets.push_back(test::even_set(count, count - 1, 1));
    sets.push_back(test::even_set(count, count - 300, 1));
    sets.push_back(test::even_set(count, 0, 17));
    sets.push_back(test::even_set(count, 16, 17));
  }
  for (const std::int64_t step : std::vector<std::int64_t>{1 << 14, 1 << 20, (1 << 20) - 1, 1 << 24,
                                                           (1 << 25) - 1, 1 << 25, kMost / 2}) {
    sets.push_back(test::even_set(kMost, 0, step));
    sets.push_back(test::even_set(kMost, step - 1, step));
    sets.push_back(test::even_set(kMost - 1, step / 2, step));
  }
  sets.push_back(test::even_set(kMost, kMost - 1, 1));
  sets.push_back(test::even_set(kMost, kMost - 128, 1));
  sets.push_back(test::even_set(kMost, kMost - 129, 1));
  sets.push_back(test::even_set(kMost, kMost - 1000, 3));
  // A block of neighbours, except for one leap over the rest.
  for (const std::size_t leap : {1U, 64U, 127U, 128U, 129U}) {
    test::IndexSet set{.name = "leap", .count = kMost, .indices = {}};
    for (std::size_t i = 0; i < 256; ++i)
      set.indices.push_back(static_cast<std::uint32_t>(i < leap ? i : (std::size_t{1} << 32) - 256 + i));
    sets.push_back(set);
  }
  return sets;
}

TEST_P(EveryIndexCodec, KeepsUnusualSets) {
  for (const test::IndexSet& set : unusual_sets())
    if (GetParam()->max_bytes(set.count, set.kept()) <= kAffordableBytes)
      test::expect_round_trip(*GetParam(), set);
}

TEST_P(EveryIndexCodec, PredictsItsLength) {
  test::Random random(3);
  for (const double density : {0.9, 0.5, 0.3, 0.1, 0.05, 0.01, 0.003, 0.001}) {
    const std::int64_t count = 2'000'000;
    const auto set = test::random_set(random, count, std::llround(density * static_cast<double>(count)));
    const auto bytes = static_cast<double>(test::encode_indices(*GetParam(), set).size());
    const double predicted = GetParam()->predicted_bytes(count, set.kept());
    EXPECT_NEAR(predicted / bytes, 1, 0.02) << density;
  }
}

TEST_P(EveryIndexCodec, PredictsSensiblyAtTheEnds) {
  for (const std::int64_t count : {std::int64_t{1}, std::int64_t{1000}, kMost})
    for (const std::int64_t kept : {std::int64_t{0}, std::int64_t{1}, count - 1, count}) {
      const double predicted = GetParam()->predicted_bytes(count, kept);
      EXPECT_GE(predicted, 0);
      EXPECT_LE(predicted, static_cast<double>(GetParam()->max_bytes(count, kept)) + 2)
          << kept << " of " << count;
    }
}

TEST_P(EveryIndexCodec, NeedsNoMemoryForNothing) {
  EXPECT_EQ(GetParam()->max_bytes(0, 0), 0);
  EXPECT_EQ(GetParam()->encode(nullptr, 0, 0, nullptr), 0);
  EXPECT_EQ(GetParam()->decode({}, 0, 0, nullptr), nullptr);
}

TEST_P(EveryIndexCodec, IsFoundByNameAndId) {
  EXPECT_EQ(&find_index_codec(GetParam()->name), GetParam());
  EXPECT_EQ(index_codec_of(GetParam()->id), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Compress, EveryIndexCodec,
                         testing::ValuesIn(index_codecs().begin(), index_codecs().end()),
                         [](const auto& info) { return std::string(info.param->name); });

TEST(IndexCodecs, KeepTheirNumbers) {
  // These numbers are on the wire, so they must never change their meaning.
  EXPECT_EQ(find_index_codec("raw").id, 1);
  EXPECT_EQ(find_index_codec("block").id, 3);
  EXPECT_EQ(find_index_codec("rice").id, 4);
  EXPECT_EQ(index_codec_of(0), nullptr);
  EXPECT_EQ(index_codec_of(2), nullptr) << "a codec that is gone";
  EXPECT_EQ(index_codec_of(5), nullptr);
  EXPECT_EQ(index_codecs().front()->name, "raw");
}

TEST(IndexCodecs, RefuseOtherNames) {
  const std::string text = test::error_text(ErrorClass::info_value, [] { find_index_codec("zip"); });
  EXPECT_TRUE(text.starts_with("pliant_index_codec = zip (")) << text;
  EXPECT_NE(text.find("auto"), std::string::npos) << text;
  for (const IndexCodec* codec : index_codecs()) EXPECT_NE(text.find(codec->name), std::string::npos) << text;
}

TEST(Rice, ComesNearTheEntropy) {
  test::Random random(4);
  const std::int64_t count = 2'000'000;
  for (const double density : {0.1, 0.01, 0.001}) {
    const auto set = test::random_set(random, count, std::llround(density * static_cast<double>(count)));
    const double bits = 8 * static_cast<double>(test::encode_indices(find_index_codec("rice"), set).size()) /
                        static_cast<double>(set.kept());
    const double entropy = -std::log2(density) - (1 - density) / density * std::log2(1 - density);
    EXPECT_LT(bits, entropy + 0.2) << density;
  }
}

TEST(Rice, ChoosesEachBlocksParameterAnew) {
  // Two blocks of neighbours, two of distant indices: parameters 0, 0, 9 or 10, ...
  test::IndexSet set{.name = "two kinds", .count = 1'000'000, .indices = {}};
  for (std::uint32_t i = 0; i < 256; ++i) set.indices.push_back(i);
  for (std::uint32_t i = 1; i <= 256; ++i) set.indices.push_back(256 + 1024 * i);
  const test::Bytes encoded = test::encode_indices(find_index_codec("rice"), set);
  EXPECT_EQ(encoded[0], std::byte{0});
  EXPECT_EQ(encoded[1], std::byte{0});
  EXPECT_GE(std::to_integer<int>(encoded[2]), 9);
  EXPECT_LT(static_cast<double>(encoded.size()) * 8, 256 * 1 + 256 * 11 + 100);
}

}  // namespace
}  // namespace pliant
