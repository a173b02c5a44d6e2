// Shared memory: its contents, its size, and writes beside it.
#include <gpu/language.hpp>

#include <vector>

#include "support.hpp"

namespace pliant {
namespace {

unsigned lane() {
  return gpu::thread() % gpu::kWarp;
}

TEST(Shared, EveryBlockHasItsOwn) {
  expect_fine({.blocks = 6, .resident = 3}, [] {
    PLIANT_SHARED(unsigned, owner);
    PLIANT_SHARED_ARRAY(unsigned, tile, 256);
    if (gpu::thread() == 0) owner = gpu::block();
    tile[gpu::thread()] = gpu::block() * 1000 + gpu::thread();
    gpu::barrier();
    EXPECT_EQ(owner, gpu::block());
    const unsigned other = tile[255 - gpu::thread()];
    EXPECT_EQ(other, gpu::block() * 1000 + 255 - gpu::thread());
  });
}

TEST(Shared, VariablesTakeTheOperatorsOfTheirType) {
  expect_fine({.threads = 1}, [] {
    PLIANT_SHARED(int, one);
    PLIANT_SHARED_ARRAY(int, tile, 2);
    one = 5;
    one += 3;
    one -= 1;
    one *= 6;
    one |= 1;
    one ^= 3;
    one &= 0x3f;
    EXPECT_EQ(one++, 40);
    EXPECT_EQ(--one, 40);
    EXPECT_EQ(++one, 41);
    EXPECT_EQ(one--, 41);
    tile[0] = one;
    tile[1] = tile[0];
    tile[1] <<= 2;
    tile[1] >>= 1;
    tile[1] /= 2;
    tile[1] %= 7;
    EXPECT_EQ(tile[1] + tile[0], 5 + 40);
    EXPECT_EQ(tile[0]++, 40);
    EXPECT_EQ(--tile[0], 40);
    one = tile[0] > 3 ? tile[1] : 0;
    EXPECT_EQ(gpu::shuffle(1, one, 0), 5);
    EXPECT_EQ(gpu::shuffle(1, tile[0], 0), 40);
  });
}

TEST(Shared, StructsArePlain) {
  struct Pair {
    float a;
    int b;
  };
  expect_fine({.threads = 2}, [] {
    PLIANT_SHARED(Pair, one);
    PLIANT_SHARED_ARRAY(Pair, pairs, 2);
    pairs[gpu::thread()] = {1.5F, static_cast<int>(gpu::thread())};
    if (gpu::thread() == 0) one.b = 7;
    gpu::barrier();
    EXPECT_EQ(pairs[1 - gpu::thread()].b + one.b, 8 - static_cast<int>(gpu::thread()));
  });
}

template <class Array>
PLIANT_DEVICE unsigned sum_of(Array& tile, unsigned count) {
  unsigned sum = 0;
  for (unsigned i = 0; i < count; ++i) sum += tile[i];
  return sum;
}

template <unsigned kCount>
PLIANT_DEVICE unsigned fill_and_sum() {
  PLIANT_SHARED_ARRAY(unsigned, tile, kCount);
  for (unsigned i = gpu::thread(); i < kCount; i += gpu::threads()) tile[i] = kCount;
  gpu::barrier();
  return sum_of(tile, kCount);
}

TEST(Shared, EachInstantiationHasItsOwnAndFunctionsTakeArrays) {
  expect_fine({}, [] {
    EXPECT_EQ(fill_and_sum<3>(), 9U);
    EXPECT_EQ(fill_and_sum<5>(), 25U);
  });
}

TEST(Shared, HoldsAPatternUntilItIsWritten) {
  expect_fine({.blocks = 4, .resident = 2}, [] {
    PLIANT_SHARED_ARRAY(unsigned, tile, 256);
    const unsigned unwritten = tile[gpu::thread()];
    EXPECT_EQ(unwritten, 0xfbfbfbfbU);
    tile[gpu::thread()] = 0;
  });
}

TEST(Shared, MoreThanTheLimitIsAnError) {
  const auto all = [] {
    PLIANT_SHARED_ARRAY(std::uint32_t, tile, 12287);
    PLIANT_SHARED(std::uint32_t, last);
    if (gpu::thread() == 0) last = tile[12286] = 1;
  };
  expect_fine({}, all);
  const auto more = [&] {
    all();
    PLIANT_SHARED(std::uint8_t, one_more);
    if (gpu::thread() == 0) one_more = 1;
  };
  expect_error({}, more, "shared variables of 49153 bytes, one_more the last (at most 49152)");
}

TEST(Shared, AnIndexBeyondTheArrayIsAnError) {
  const auto kernel = [] {
    PLIANT_SHARED_ARRAY(float, tile, 255);
    tile[gpu::thread()] = 1;
  };
  expect_error({}, kernel, "thread 255: index 255 of tile, which has 255 elements");
  const auto negative = [] {
    PLIANT_SHARED_ARRAY(float, tile, 8);
    if (gpu::thread() == 4) tile[static_cast<int>(gpu::thread()) - 5] = 1;
  };
  expect_error({}, negative, "index 18446744073709551615 of tile");
}

TEST(Shared, WritingBesideAnArrayIsAnError) {
  for (const int beside : {-1, 256}) {
    const auto kernel = [beside] {
      PLIANT_SHARED(unsigned, front);
      PLIANT_SHARED_ARRAY(unsigned, tile, 256);
      if (gpu::thread() == 0) front = 1;
      unsigned* at = &tile[0];
      if (gpu::thread() == 17) at[beside] = 0;
    };
    expect_error({}, kernel, "somebody wrote beside the shared variable ");
  }
}

TEST(Vector, FourFloatsAreReadAndWrittenAtOnce) {
  alignas(16) std::array<float, 1024> from{};
  alignas(16) std::array<float, 1024> to{};
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<float>(i);
  expect_fine({}, [&] { gpu::store4(&to[4 * gpu::thread()], gpu::load4(&from[4 * gpu::thread()])); });
  EXPECT_EQ(from, to);
}

TEST(Vector, AMisalignedAddressIsAnError) {
  alignas(16) std::array<float, 1028> buffer{};
  const auto load = [&] { gpu::load4(&buffer[4 * gpu::thread() + 1]); };
  expect_error({}, load, "misaligned access of 16 bytes");
  const auto store = [&] { gpu::store4(&buffer[4 * gpu::thread() + 2], {}); };
  expect_error({}, store, "misaligned access of 16 bytes");
}

TEST(Vector, SharedFloatsAreNotPromisedToBeAligned) {
  const auto kernel = [] {
    PLIANT_SHARED_ARRAY(float, tile, 1024);
    gpu::store4(&tile[4 * lane()], {});
  };
  expect_error({}, kernel, "misaligned access of 16 bytes");
}

}  // namespace
}  // namespace pliant
