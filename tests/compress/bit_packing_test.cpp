// Blocks and tails of every width.
#include "compress/bit_packing.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

#include "tests/compress/guarded.hpp"

namespace pliant {
namespace {

using Numbers = std::vector<std::uint32_t>;

Numbers random_numbers(unsigned width, std::int64_t count) {
  std::mt19937 random(width + 1);
  Numbers numbers(static_cast<std::size_t>(count));
  for (std::uint32_t& number : numbers)
    number = width == 0 ? 0 : static_cast<std::uint32_t>(random() >> (32 - width));
  if (count > 0) numbers.back() = static_cast<std::uint32_t>((std::uint64_t{1} << width) - 1);
  return numbers;
}

TEST(BitPacking, LaysABlockOutAsDescribed) {
  // Width 20, by definition: number i is in vector lane i % 4, at bit 20 (i / 4) of that lane.
  const Numbers numbers = random_numbers(20, kBlock);
  std::array<std::array<std::uint32_t, 4>, 20> words{};
  for (std::size_t i = 0; i < numbers.size(); ++i)
    for (std::size_t bit = 0; bit < 20; ++bit) {
      const std::size_t at = 20 * (i / 4) + bit;
      words[at / 32][i % 4] |= (numbers[i] >> bit & 1) << at % 32;
    }
  std::array<std::array<std::uint32_t, 4>, 20> packed{};
  pack_block(numbers.data(), 20, reinterpret_cast<std::byte*>(packed.data()));
  EXPECT_EQ(packed, words);
}

TEST(BitPacking, AddsUpBlocksOfEveryWidth) {
  for (unsigned width = 0; width <= kMaxWidth; ++width) {
    const Numbers numbers = random_numbers(width, kBlock);
    test::Guarded<std::byte> packed(packed_bytes(kBlock, width));
    pack_block(numbers.data(), width, packed.data());
    test::Guarded<std::uint32_t> sums(kBlock);
    unpack_sums(packed.data(), width, 77, sums.data());
    std::uint32_t sum = 77;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      sum += numbers[i] + 1;
      ASSERT_EQ(sums.all()[i], sum) << "width " << width << ", number " << i;
    }
  }
}

TEST(BitPacking, KeepsTailsOfEveryWidthAndLength) {
  for (unsigned width = 0; width <= kMaxWidth; ++width)
    for (std::int64_t count = 0; count < kBlock; ++count) {
      const Numbers numbers = random_numbers(width, count);
      test::Guarded<std::byte> packed(packed_bytes(count, width));
      pack_tail(numbers.data(), count, width, packed.data());
      test::Guarded<std::uint32_t> unpacked(count);
      ASSERT_TRUE(unpack_tail(packed.data(), count, width, unpacked.data()));
      ASSERT_EQ(unpacked.copy(), numbers) << "width " << width;
    }
}

TEST(BitPacking, SeesBitsBehindATail) {
  const std::array<std::uint32_t, 3> numbers{1, 2, 3};
  std::array<std::byte, 2> packed{};
  std::array<std::uint32_t, 3> unpacked{};
  pack_tail(numbers.data(), 3, 3, packed.data());
  EXPECT_TRUE(unpack_tail(packed.data(), 3, 3, unpacked.data()));
  for (unsigned bit = 9; bit < 16; ++bit) {
    packed[1] ^= static_cast<std::byte>(1U << (bit - 8));
    EXPECT_FALSE(unpack_tail(packed.data(), 3, 3, unpacked.data())) << bit;
    packed[1] ^= static_cast<std::byte>(1U << (bit - 8));
  }
}

}  // namespace
}  // namespace pliant
