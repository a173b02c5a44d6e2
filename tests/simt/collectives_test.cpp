// Barriers of blocks and collectives of warps: their results, and errors about their participants.
#include <gpu/language.hpp>

#include "support.hpp"

namespace pliant {
namespace {

unsigned lane() {
  return gpu::thread() % gpu::kWarp;
}

TEST(Barrier, NobodyPassesBeforeAllHaveCome) {
  std::uint32_t here = 0;
  for_each_schedule({}, 5, [&](const simt::Launch& launch) {
    here = 0;
    const simt::Report report = simt::run(launch, [&] {
      for (unsigned round = 1; round <= 5; ++round) {
        gpu::atomic_add(&here, 1U);
        gpu::barrier();
        EXPECT_EQ(here, 256 * round);
        gpu::barrier();
      }
    });
    EXPECT_TRUE(report.ok) << report.text;
  });
}

TEST(Barrier, SomeThreadsOnlyIsAnError) {
  const auto kernel = [] {
    if (gpu::thread() >= 128) gpu::barrier();
  };
  const std::string rule = "all threads of a block reach a barrier, or none";
  expect_error({}, kernel, rule);
  EXPECT_NE(simt::run({}, kernel).text.find("after 128 threads of its block have exited"), std::string::npos);
  const simt::Report reversed = simt::run({.order = simt::Order::reversed}, kernel);
  EXPECT_NE(reversed.text.find("exits while 128 threads"), std::string::npos) << reversed.text;
}

TEST(Barrier, ABlockMayEndBeforeAnotherComesToItsBarrier) {
  expect_fine({.blocks = 3}, [] {
    if (gpu::block() == 1) gpu::barrier();
  });
}

TEST(Vote, CountsTheLanesNamed) {
  expect_fine({.threads = 64}, [] {
    EXPECT_EQ(gpu::ballot(gpu::kAllLanes, lane() % 3 == 0), 0x49249249U);
    EXPECT_TRUE(gpu::any(gpu::kAllLanes, lane() == 31));
    EXPECT_FALSE(gpu::any(gpu::kAllLanes, false));
    EXPECT_TRUE(gpu::all(gpu::kAllLanes, true));
    EXPECT_FALSE(gpu::all(gpu::kAllLanes, lane() != 31));
    const unsigned mask = lane() < 8 ? 0xffU : 0xffffff00U;
    EXPECT_EQ(gpu::ballot(mask, lane() % 2 == 0), mask & 0x55555555U);
    EXPECT_EQ(gpu::all(mask, lane() < 8), lane() < 8);
  });
}

TEST(Shuffle, GivesTheValueOfTheLaneAskedFor) {
  expect_fine({.threads = 64}, [] {
    const int me = static_cast<int>(lane());
    EXPECT_EQ(gpu::shuffle(gpu::kAllLanes, me * me, (me + 5) % 32), (me + 5) % 32 * ((me + 5) % 32));
    EXPECT_EQ(gpu::shuffle(gpu::kAllLanes, me, 33), 1);
    EXPECT_EQ(gpu::shuffle_up(gpu::kAllLanes, me, 3U), me < 3 ? me : me - 3);
    EXPECT_EQ(gpu::shuffle_down(gpu::kAllLanes, me, 4U), me > 27 ? me : me + 4);
    EXPECT_EQ(gpu::shuffle_xor(gpu::kAllLanes, me, 17), me ^ 17);
    const unsigned long long wide = (1ULL << 40) + lane();
    EXPECT_EQ(gpu::shuffle(gpu::kAllLanes, wide, 7), (1ULL << 40) + 7);
    EXPECT_EQ(gpu::shuffle(gpu::kAllLanes, 0.5F * static_cast<float>(me), 9), 4.5F);
    const unsigned mask = me % 2 == 0 ? 0x55555555U : 0xaaaaaaaaU;
    EXPECT_EQ(gpu::shuffle_xor(mask, me, 2), me ^ 2);
  });
}

TEST(Shuffle, FromALaneThatIsNotNamedIsAnError) {
  const auto from = [] { gpu::shuffle(0xffffU, 1, 16); };
  expect_error({.threads = 16}, from, "asks for the value of lane 16, which is not named");
  const auto down = [] {
    if (lane() < 16) gpu::shuffle_down(0xffffU, 1, 1U);
  };
  expect_error({.threads = 32}, down, "lane 15 asks for the value of lane 16, which is not named");
}

TEST(Mask, WithoutItsCallerIsAnError) {
  expect_error(
      {}, [] { gpu::ballot(0x7fffffffU, true); }, "does not name its caller, lane 31");
  expect_error(
      {}, [] { gpu::warp_barrier(0); }, "does not name its caller");
}

TEST(Mask, NamingAnExitedLaneIsAnError) {
  const auto kernel = [] {
    if (lane() >= 16) gpu::ballot(gpu::kAllLanes, true);
  };
  EXPECT_NE(simt::run({}, kernel).text.find("names lane 0, which has exited"), std::string::npos);
  const simt::Report reversed = simt::run({.order = simt::Order::reversed}, kernel);
  EXPECT_NE(reversed.text.find("exits while lane 16 waits for it at ballot"), std::string::npos)
      << reversed.text;
  expect_error({}, kernel, "ballot of lanes 0xffffffff");
}

TEST(Mask, NamingALaneAtTheBlocksBarrierIsAnError) {
  const auto kernel = [] {
    if (lane() >= 16) gpu::ballot(gpu::kAllLanes, true);
    gpu::barrier();
  };
  EXPECT_NE(simt::run({}, kernel).text.find("which waits at the block's barrier"), std::string::npos);
  const simt::Report reversed = simt::run({.order = simt::Order::reversed}, kernel);
  EXPECT_NE(reversed.text.find("comes to the block's barrier while lane 16 waits"), std::string::npos)
      << reversed.text;
  expect_error({}, kernel, "barrier");
}

TEST(Mask, NamingLanesThatTheBlockDoesNotHaveIsAnError) {
  expect_error(
      {.threads = 40}, [] { gpu::ballot(gpu::kAllLanes, true); }, "names lanes that the block does not have");
  expect_fine({.threads = 40}, [] { gpu::ballot(gpu::thread() < 32 ? gpu::kAllLanes : 0xffU, true); });
}

TEST(Rendezvous, OfDifferentCollectivesIsAnError) {
  const auto votes = [] {
    if (lane() < 16) {
      gpu::ballot(gpu::kAllLanes, true);
    } else {
      gpu::any(gpu::kAllLanes, true);
    }
  };
  expect_error({}, votes, "all lanes named come to the same collective, with the same mask");
  const auto widths = [] {
    if (lane() == 0) {
      gpu::shuffle(gpu::kAllLanes, 1U, 0);
    } else {
      gpu::shuffle(gpu::kAllLanes, 1ULL, 0);
    }
  };
  expect_error({}, widths, "(8 bytes)");
}

TEST(Rendezvous, OfDifferentMasksIsAnError) {
  const auto pairs = [] {
    if (lane() == 0) gpu::warp_barrier(0x3);
    if (lane() == 1) gpu::warp_barrier(0x7);
    if (lane() == 2) gpu::warp_barrier(0x7);
  };
  expect_error({}, pairs, "meets warp_barrier of lanes 0x");
}

TEST(Rendezvous, OfALaneThatTwoAwaitInDifferentOnesIsAnError) {
  for_each_schedule({.threads = 3}, 5, [](const simt::Launch& launch) {
    std::uint32_t here = 0;
    const simt::Report report = simt::run(launch, [&] {
      if (lane() != 1) gpu::atomic_add(&here, 1U);
      while (lane() == 1 && gpu::load_fresh(&here) < 2) {
      }
      gpu::warp_barrier(lane() == 2 ? 0x6 : 0x7);
    });
    EXPECT_NE(report.text.find("meets warp_barrier of lanes 0x"), std::string::npos) << report.text;
  });
}

TEST(Rendezvous, LanesMayMeetInTurn) {
  expect_fine({}, [] {
    if (lane() == 0) gpu::warp_barrier(0x3);
    if (lane() == 1) {
      gpu::warp_barrier(0x6);
      gpu::warp_barrier(0x3);
    }
    if (lane() == 2) {
      gpu::warp_barrier(0xc);
      gpu::warp_barrier(0x6);
    }
    if (lane() == 3) gpu::warp_barrier(0xc);
  });
}

TEST(Rendezvous, ACircleIsADeadlock) {
  const simt::Launch three{.threads = 3};
  expect_error(
      three, [] { gpu::warp_barrier(lane() == 0   ? 0x3
                                    : lane() == 1 ? 0x6
                                                  : 0x5); },
      "deadlock: no thread can go on. block 0 threads 0 to 0 at warp_barrier of lanes 0x3; ");
}

}  // namespace
}  // namespace pliant
