// Index decoders on input that no encoder wrote: they refuse it, or return a valid index set, which
// decode_indices() checks.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "compress/bit_packing.hpp"
#include "tests/compress/index_sets.hpp"

namespace pliant {
namespace {

constexpr std::int64_t kMost = std::int64_t{1} << 32;

std::string problem_of(const IndexCodec& codec, const test::Bytes& in, std::int64_t count,
                       std::int64_t kept) {
  std::vector<std::uint32_t> indices(static_cast<std::size_t>(kept));
  const char* problem = codec.decode(in, count, kept, indices.data());
  return problem == nullptr ? "" : problem;
}

class EveryIndexDecoder : public testing::TestWithParam<const IndexCodec*> {
 protected:
  static std::vector<test::IndexSet> sets() {
    test::Random random(1);
    return {test::random_set(random, 2003, 300), test::random_set(random, 300, 100),
            test::clustered_set(random, 6000, 260), test::even_set(1001, 0, 1),
            test::even_set(3000, 2999, 1)};
  }
};

TEST_P(EveryIndexDecoder, RefusesEveryOtherLength) {
  for (const test::IndexSet& set : sets()) {
    const test::Bytes encoded = test::encode_indices(*GetParam(), set);
    for (std::size_t length = 0; length < encoded.size(); ++length) {
      const test::Bytes part(encoded.begin(), encoded.begin() + static_cast<std::ptrdiff_t>(length));
      ASSERT_FALSE(test::decode_indices(*GetParam(), part, set.count, set.kept())) << length;
    }
    for (const int more : {0, 1, 255})
      for (std::size_t many = 1; many <= 9; ++many) {
        test::Bytes longer = encoded;
        longer.resize(encoded.size() + many, static_cast<std::byte>(more));
        ASSERT_FALSE(test::decode_indices(*GetParam(), longer, set.count, set.kept()))
            << many << " of " << more;
      }
  }
}

TEST_P(EveryIndexDecoder, SurvivesEveryChangedByte) {
  for (const test::IndexSet& set : sets()) {
    test::Bytes bytes = test::encode_indices(*GetParam(), set);
    for (std::byte& byte : bytes) {
      const std::byte right = byte;
      for (int change = 1; change < 256; ++change) {
        byte = right ^ static_cast<std::byte>(change);
        test::decode_indices(*GetParam(), bytes, set.count, set.kept());
      }
      byte = right;
    }
    if (HasFailure()) return;
  }
}

TEST_P(EveryIndexDecoder, SurvivesOtherCountsAndKept) {
  for (const test::IndexSet& set : sets()) {
    const test::Bytes encoded = test::encode_indices(*GetParam(), set);
    const std::int64_t smallest_count = std::int64_t{set.indices.back()} + 1;
    for (std::int64_t count = set.kept(); count < smallest_count; ++count)
      ASSERT_FALSE(test::decode_indices(*GetParam(), encoded, count, set.kept())) << count;
    for (std::int64_t kept = 0; kept <= std::min<std::int64_t>(set.count, 600); ++kept)
      if (kept != set.kept()) test::decode_indices(*GetParam(), encoded, set.count, kept);
  }
}

TEST_P(EveryIndexDecoder, SurvivesRandomBytes) {
  test::Random random(2);
  for (int round = 0; round < 20'000; ++round) {
    const auto kept = static_cast<std::int64_t>(random() % 300);
    const std::int64_t count = round % 2 == 0 ? kMost : kept + static_cast<std::int64_t>(random() % 3000);
    test::Bytes bytes(random() % 600);
    const auto mask = static_cast<std::byte>(random() % 2 == 0 ? 0xff : 0x07);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random()) & mask;
    test::decode_indices(*GetParam(), bytes, count, kept);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Compress, EveryIndexDecoder,
                         testing::ValuesIn(index_codecs().begin(), index_codecs().end()),
                         [](const auto& info) { return std::string(info.param->name); });

TEST(RawDecoder, RefusesWhatDoesNotAscend) {
  const auto encoded = [](std::vector<std::uint32_t> indices) {
    return test::encode_indices(raw_indices,
                                {.name = "made up", .count = kMost, .indices = std::move(indices)});
  };
  EXPECT_EQ(problem_of(raw_indices, encoded({1, 2, 3}), 4, 3), "");
  EXPECT_EQ(problem_of(raw_indices, encoded({1, 2, 2}), 4, 3), "an index is not above the one before");
  EXPECT_EQ(problem_of(raw_indices, encoded({2, 1, 3}), 4, 3), "an index is not above the one before");
  EXPECT_EQ(problem_of(raw_indices, encoded({1, 2, 4}), 4, 3), kIndexNotBelowCount);
}

/// A block, packed as by index_block.cpp and index_rice.cpp.
test::Bytes one_block(unsigned width, const std::vector<std::uint32_t>& numbers) {
  test::Bytes bytes(static_cast<std::size_t>(1 + packed_bytes(kBlock, width)));
  bytes[0] = static_cast<std::byte>(width);
  pack_block(numbers.data(), width, bytes.data() + 1);
  return bytes;
}

TEST(BlockDecoder, RefusesSumsThatWrapAround) {
  std::vector<std::uint32_t> gaps(kBlock);
  EXPECT_EQ(problem_of(block_indices, one_block(32, gaps), kMost, kBlock), "");
  gaps[0] = 0xffffff80U;  // The last of 128 is then 2^32 - 1
  EXPECT_EQ(problem_of(block_indices, one_block(32, gaps), kMost, kBlock), "");
  for (std::size_t i = 1; i < gaps.size(); ++i) {
    for (const std::uint32_t gap : {1U, 0x7fU, 0x80U, 0x81U, 0x7fffffffU, 0xfffffffeU, 0xffffffffU}) {
      gaps[i] = gap;
      EXPECT_EQ(problem_of(block_indices, one_block(32, gaps), kMost, kBlock), kIndexNotBelowCount) << i;
    }
    gaps[i] = 0;
  }
  // Each gap is 2^25, so 128 of them are 2^32.
  EXPECT_EQ(
      problem_of(block_indices, one_block(26, std::vector<std::uint32_t>(kBlock, 1U << 25)), kMost, kBlock),
      kIndexNotBelowCount);
}

TEST(BlockDecoder, SaysWhatIsWrong) {
  const test::Bytes good = one_block(3, std::vector<std::uint32_t>(kBlock, 5));
  EXPECT_EQ(problem_of(block_indices, good, 768, kBlock), "");
  EXPECT_EQ(problem_of(block_indices, good, 767, kBlock), kIndexNotBelowCount);
  EXPECT_EQ(problem_of(block_indices, {}, 767, kBlock), "too short for a width for each block");
  test::Bytes bad = good;
  bad[0] = std::byte{33};
  EXPECT_EQ(problem_of(block_indices, bad, 768, kBlock), "a width is above 32");
  bad[0] = std::byte{4};
  EXPECT_EQ(problem_of(block_indices, bad, 768, kBlock), "not as long as its widths say");
  // A tail of 3 gaps of 3 bits leaves 7 unused bits in its last byte.
  EXPECT_EQ(problem_of(block_indices, {std::byte{3}, std::byte{0xff}, std::byte{0x01}}, 100, 3), "");
  EXPECT_EQ(problem_of(block_indices, {std::byte{3}, std::byte{0xff}, std::byte{0x03}}, 100, 3),
            "bits behind the last gap are set");
}

/// A block's low bits, then its quotients: `zeros` before the first one, which 127 others follow.
test::Bytes rice_block(unsigned low_bits, const std::vector<std::uint32_t>& low, std::size_t zeros) {
  test::Bytes bytes = one_block(low_bits, low);
  const std::size_t begin = bytes.size();
  bytes.resize(begin + (zeros + kBlock + 7) / 8);
  for (std::size_t bit = zeros; bit < zeros + kBlock; ++bit)
    bytes[begin + bit / 8] |= static_cast<std::byte>(1U << bit % 8);
  return bytes;
}

TEST(RiceDecoder, RefusesSumsThatWrapAround) {
  const std::vector<std::uint32_t> zeros(kBlock);
  EXPECT_EQ(problem_of(rice_indices, rice_block(31, zeros, 1), kMost, kBlock), "");
  EXPECT_EQ(problem_of(rice_indices, rice_block(31, zeros, 2), kMost, kBlock), kIndexNotBelowCount);
  EXPECT_EQ(problem_of(rice_indices, rice_block(31, zeros, 1000), kMost, kBlock), kIndexNotBelowCount);
  EXPECT_EQ(problem_of(rice_indices, rice_block(20, zeros, 4095), kMost, kBlock), "");
  EXPECT_EQ(problem_of(rice_indices, rice_block(20, zeros, 4096), kMost, kBlock), kIndexNotBelowCount);
  std::vector<std::uint32_t> low(kBlock);
  low[0] = 0x7fffff80U;
  EXPECT_EQ(problem_of(rice_indices, rice_block(31, low, 1), kMost, kBlock), "");
  low[127] = 1;
  EXPECT_EQ(problem_of(rice_indices, rice_block(31, low, 1), kMost, kBlock), kIndexNotBelowCount);
  low.assign(kBlock, 0x7fffffffU);
  EXPECT_EQ(problem_of(rice_indices, rice_block(31, low, 0), kMost, kBlock), kIndexNotBelowCount);
}

TEST(RiceDecoder, SaysWhatIsWrong) {
  const std::vector<std::uint32_t> low(kBlock, 5);
  const test::Bytes good = rice_block(3, low, 4);
  EXPECT_EQ(problem_of(rice_indices, good, 800, kBlock), "");
  EXPECT_EQ(problem_of(rice_indices, good, 799, kBlock), kIndexNotBelowCount);
  EXPECT_EQ(problem_of(rice_indices, {}, 800, kBlock), "too short for a parameter for each block");
  test::Bytes bad = good;
  bad[0] = std::byte{32};
  EXPECT_EQ(problem_of(rice_indices, bad, 800, kBlock), "a parameter is above 31");
  bad[0] = std::byte{5};
  EXPECT_EQ(problem_of(rice_indices, bad, 800, kBlock), "too short for its low bits");
  bad = good;
  bad.pop_back();
  EXPECT_EQ(problem_of(rice_indices, bad, 800, kBlock), "too few quotients");
  bad = good;
  bad.back() |= std::byte{0x80};
  EXPECT_EQ(problem_of(rice_indices, bad, 800, kBlock),
            "bits behind the last quotient are set, or bytes follow it");
  bad = good;
  bad.push_back(std::byte{0});
  EXPECT_EQ(problem_of(rice_indices, bad, 800, kBlock),
            "bits behind the last quotient are set, or bytes follow it");
}

}  // namespace
}  // namespace pliant
