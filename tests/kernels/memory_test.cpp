// Room: memory that grows, keeps its address, and can be passed on.
#include "kernels/memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace pliant {
namespace {

constexpr std::int64_t kHugePageBytes = std::int64_t{2} << 20;

bool is_aligned(const void* data, std::int64_t bytes) {
  return reinterpret_cast<std::uintptr_t>(data) % static_cast<std::uintptr_t>(bytes) == 0;
}

TEST(Scratch, GrowsAndNeverShrinks) {
  Scratch room;
  auto* const first = room.of<std::uint32_t>(1000);
  ASSERT_NE(first, nullptr);
  std::fill_n(first, 1000, 7U);
  EXPECT_EQ(room.of<std::uint32_t>(10), first);
  EXPECT_EQ(room.of<double>(500), reinterpret_cast<double*>(first));
  EXPECT_EQ(std::count(first, first + 1000, 7U), 1000) << "no growth: it keeps what it held";
  auto* const grown = room.of<std::uint64_t>(1'000'000);
  std::fill_n(grown, 1'000'000, 1U);
  EXPECT_EQ(room.of<std::uint64_t>(1), grown);
}

TEST(Scratch, IsAlignedToPagesAndHugePages) {
  for (const std::int64_t bytes :
       {std::int64_t{1}, std::int64_t{4095}, std::int64_t{4097}, kHugePageBytes - 4096, kHugePageBytes - 1,
        kHugePageBytes, 3 * kHugePageBytes + 1}) {
    Scratch room;
    auto* const data = room.of<char>(bytes);
    EXPECT_TRUE(is_aligned(data, bytes < kHugePageBytes ? 4096 : kHugePageBytes)) << bytes;
    std::fill_n(data, bytes, 'x');
  }
}

TEST(Scratch, OfNothingIsLegal) {
  Scratch room;
  room.of<double>(0);
  EXPECT_NE(room.of<double>(1), nullptr);
  EXPECT_NE(room.of<double>(0), nullptr) << "what there is stays";
}

TEST(Scratch, MovesWithItsMemory) {
  Scratch from;
  auto* const data = from.of<int>(100);
  std::fill_n(data, 100, 3);
  Scratch to = std::move(from);
  EXPECT_EQ(to.of<int>(100), data);
  EXPECT_EQ(std::count(data, data + 100, 3), 100);
  EXPECT_NE(from.of<int>(100), data) << "the one moved from has memory of its own";

  Scratch assigned;
  assigned.of<int>(50);
  assigned = std::move(to);
  EXPECT_EQ(assigned.of<int>(100), data);
  Scratch& same = assigned;
  assigned = std::move(same);
  EXPECT_EQ(assigned.of<int>(100), data);
}

}  // namespace
}  // namespace pliant
