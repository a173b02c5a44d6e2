// Unordered accesses to shared memory are reported, ordered ones are not.
#include <gpu/language.hpp>

#include "support.hpp"

namespace pliant {
namespace {

unsigned lane() {
  return gpu::thread() % gpu::kWarp;
}

TEST(Race, ReadingWhatAnotherThreadWrites) {
  const auto kernel = [](bool ordered) {
    PLIANT_SHARED_ARRAY(unsigned, tile, 256);
    tile[gpu::thread()] = 1;
    if (ordered) gpu::barrier();
    const unsigned other = tile[255 - gpu::thread()];
    EXPECT_TRUE(!ordered || other == 1);
  };
  expect_fine({.blocks = 4}, [&] { kernel(true); });
  expect_error(
      {.blocks = 4}, [&] { kernel(false); }, "race: ");
  EXPECT_EQ(
      simt::run({}, [&] { kernel(false); }).text,
      "block 0, thread 128: race: writes tile[128], which thread 127 read with no barrier or warp_barrier "
      "between them");
}

TEST(Race, WritingWhatAnotherThreadReads) {
  const auto kernel = [](bool ordered) {
    PLIANT_SHARED(unsigned, base);
    for (unsigned round = 0; round < 3; ++round) {
      if (gpu::thread() == 40) base = round;
      gpu::barrier();
      const unsigned seen = base;
      EXPECT_TRUE(!ordered || seen == round);
      if (ordered) gpu::barrier();
    }
  };
  expect_fine({}, [&] { kernel(true); });
  expect_error(
      {}, [&] { kernel(false); }, "base[0], which thread");
}

TEST(Race, WritingWhatAnotherThreadWrites) {
  const auto kernel = [] {
    PLIANT_SHARED(bool, found);
    if (gpu::thread() % 64 == 0) found = true;
  };
  expect_error({}, kernel, "race: writes found[0], which thread");
}

TEST(Race, TheLastReaderThatWritesIsNotAlone) {
  for (const unsigned writer : {0U, 100U, 255U}) {
    for_each_schedule({}, 5, [&](const simt::Launch& launch) {
      std::uint32_t readers = 0;
      const simt::Report report = simt::run(launch, [&] {
        PLIANT_SHARED(unsigned, value);
        if (gpu::thread() == 0) value = 1;
        gpu::barrier();
        while (gpu::thread() == writer && gpu::load_fresh(&readers) < 255) {
        }
        const unsigned seen = value;
        gpu::atomic_add(&readers, 1U);
        if (gpu::thread() == writer) value = seen + 1;
      });
      EXPECT_NE(report.text.find("race: writes value[0], which thread"), std::string::npos) << report.text;
    });
  }
}

TEST(Race, AWarpBarrierOrdersItsLanes) {
  const auto kernel = [](bool ordered) {
    PLIANT_SHARED_ARRAY(unsigned, tile, 256);
    for (unsigned round = 0; round < 4; ++round) {
      tile[gpu::thread()] = round + lane();
      if (ordered) gpu::warp_barrier(gpu::kAllLanes);
      const unsigned other = tile[gpu::thread() ^ 5];
      EXPECT_TRUE(!ordered || other == round + (lane() ^ 5));
      gpu::warp_barrier(gpu::kAllLanes);
    }
  };
  expect_fine({}, [&] { kernel(true); });
  expect_error(
      {}, [&] { kernel(false); }, "race: ");
}

TEST(Race, AWarpBarrierOrdersNoOtherWarp) {
  const auto kernel = [] {
    PLIANT_SHARED_ARRAY(unsigned, tile, 256);
    tile[gpu::thread()] = 1;
    gpu::warp_barrier(gpu::kAllLanes);
    const unsigned other = tile[gpu::thread() ^ 32];
    static_cast<void>(other);
  };
  expect_error({}, kernel, " tile[");
}

TEST(Race, VotesAndShufflesOrderNothing) {
  const auto kernel = [] {
    PLIANT_SHARED_ARRAY(unsigned, tile, 256);
    tile[gpu::thread()] = 1;
    gpu::ballot(gpu::kAllLanes, true);
    const unsigned other = tile[gpu::thread() ^ 1];
    gpu::shuffle(gpu::kAllLanes, other, 0);
  };
  expect_error({}, kernel, " tile[");
}

TEST(Race, ASmallerWarpBarrierOrdersTheLanesItNames) {
  const auto kernel = [](unsigned partner) {
    PLIANT_SHARED_ARRAY(unsigned, tile, 32);
    tile[lane()] = lane();
    gpu::warp_barrier(0x3U << (lane() & ~1U));
    const unsigned other = tile[lane() ^ partner];
    EXPECT_TRUE(partner != 1 || other == (lane() ^ 1));
  };
  expect_fine({.threads = 32}, [&] { kernel(1); });
  expect_error(
      {.threads = 32}, [&] { kernel(2); }, " tile[");
}

TEST(Race, OrderIsHandedOn) {
  // Lane 0 writes. Lanes 0 and 1 synchronise, then 1 and 2, so lane 2 may read. Lane 3 is not ordered after
  // the write.
  const auto kernel = [](unsigned reader) {
    PLIANT_SHARED(unsigned, value);
    if (lane() == 0) value = 9;
    if (lane() < 2) gpu::warp_barrier(0x3);
    if (lane() == 1 || lane() == 2) gpu::warp_barrier(0x6);
    if (lane() == 3 || lane() == 4) gpu::warp_barrier(0x18);
    const unsigned seen = lane() == reader ? value : 9U;
    EXPECT_TRUE(reader == 3 || seen == 9);
  };
  expect_fine({.threads = 32}, [&] { kernel(2); });
  expect_error(
      {.threads = 32}, [&] { kernel(3); }, "value[0]");
}

TEST(Race, WhatALaneDoesAfterMeetingAnotherIsNotOrdered) {
  const auto kernel = [] {
    PLIANT_SHARED(unsigned, value);
    if (lane() < 2) gpu::warp_barrier(0x3);
    if (lane() == 0) value = 1;
    if (lane() == 1) static_cast<void>(static_cast<unsigned>(value));
  };
  expect_error({.threads = 32}, kernel, "value[0]");
}

TEST(Race, AtomicsDoNotRaceWithEachOther) {
  expect_fine({}, [] {
    PLIANT_SHARED_ARRAY(std::uint32_t, bins, 4);
    if (gpu::thread() < 4) bins[gpu::thread()] = 0;
    gpu::barrier();
    gpu::atomic_add(&bins[gpu::thread() % 4], 1U);
    gpu::atomic_max(&bins[gpu::thread() % 4], gpu::load_fresh(&bins[0]) * 0);
    gpu::barrier();
    const unsigned sum = bins[gpu::thread() % 4];
    EXPECT_EQ(sum, 64U);
  });
}

TEST(Race, AnAtomicAfterAPlainWriteOfAnotherThread) {
  const auto kernel = [](bool takes_part) {
    PLIANT_SHARED(std::uint32_t, count);
    if (gpu::thread() == 0) count = 0;
    if (takes_part || gpu::thread() != 0) gpu::atomic_add(&count, 1U);
  };
  expect_error(
      {}, [&] { kernel(false); }, "count[0]");
  // An atomic access of thread 0 does not hide its own plain write.
  expect_error(
      {}, [&] { kernel(true); }, "count[0]");
}

TEST(Race, APlainReadAfterAnAtomicOfAnotherThread) {
  const auto kernel = [] {
    PLIANT_SHARED_ARRAY(std::uint32_t, bins, 256);
    gpu::atomic_exchange(&bins[gpu::thread()], 1U);
    const unsigned other = bins[255 - gpu::thread()];
    static_cast<void>(other);
  };
  expect_error({}, kernel, "race: ");
}

TEST(Race, FourFloatsAtOnceAreSeen) {
  const auto kernel = [](bool ordered) {
    PLIANT_SHARED_ARRAY(float, tile, 12);
    const unsigned first = reinterpret_cast<std::uintptr_t>(&tile[0]) % 16 / 4;
    float* aligned = &tile[first == 0 ? 0 : 4 - first];
    if (gpu::thread() == 0) gpu::store4(aligned, {{1, 2, 3, 4}});
    if (ordered) gpu::barrier();
    if (gpu::thread() == 1) {
      EXPECT_EQ(gpu::load4(aligned).item[3], 4);
    }
  };
  expect_fine({.threads = 2}, [&] { kernel(true); });
  EXPECT_NE(simt::run({.threads = 2}, [&] { kernel(false); }).text.find(" tile["), std::string::npos);
}

TEST(Race, IsOfOneBlockOnly) {
  // All accesses of a slot's previous block precede those of the next one.
  expect_fine({.blocks = 8, .resident = 2}, [] {
    PLIANT_SHARED(unsigned, value);
    if (gpu::thread() == gpu::block()) value = 1;
  });
}

}  // namespace
}  // namespace pliant
