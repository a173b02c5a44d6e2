// Blocks that wait for each other: progress, deadlock, and errors that random schedules find.
#include <gpu/language.hpp>

#include <set>
#include <utility>
#include <vector>

#include "support.hpp"

namespace pliant {
namespace {

/// Block 0 waits for the last block.
PLIANT_KERNEL void await_last(std::uint32_t* flag) {
  if (gpu::thread() != 0) return;
  if (gpu::block() + 1 == gpu::blocks()) gpu::atomic_exchange(flag, 1U);
  while (gpu::block() == 0 && gpu::load_fresh(flag) == 0) {
  }
}

TEST(Spin, GoesOnWhereTheOtherBlockIsResident) {
  for_each_schedule({.blocks = 3, .resident = 3}, 5, [](const simt::Launch& launch) {
    std::uint32_t flag = 0;
    const simt::Report report = simt::run(launch, [&] { await_last(&flag); });
    EXPECT_TRUE(report.ok) << report.text;
  });
}

TEST(Spin, IsADeadlockWhereItIsNot) {
  std::uint32_t flag = 0;
  const simt::Report report = simt::run({.blocks = 3, .resident = 1}, [&] { await_last(&flag); });
  EXPECT_FALSE(report.ok);
  EXPECT_NE(report.text.find(
                "threads poll memory that nobody changes (of 3 blocks, 1 are resident). block 0 threads "
                "0 to 0 may go on (last read 0x"),
            std::string::npos)
      << report.text;
  // In reverse order, the last block ends before block 0 begins.
  const simt::Launch reversed{.blocks = 3, .resident = 1, .order = simt::Order::reversed};
  EXPECT_TRUE(simt::run(reversed, [&] { await_last(&flag); }).ok);
}

TEST(Spin, ThatMeetsInBetweenIsADeadlockToo) {
  const std::uint32_t flag = 0;
  const auto kernel = [&] {
    PLIANT_SHARED(std::uint32_t, seen);
    for (bool done = false; !done;) {
      if (gpu::thread() == 0) seen = gpu::load_fresh(&flag);
      gpu::barrier();
      done = gpu::any(gpu::kAllLanes, seen != 0);
      gpu::barrier();
    }
  };
  expect_error({.threads = 64, .spin_rounds = 1000}, kernel, "threads poll memory that nobody changes");
}

TEST(Spin, OnAnAtomicLetsTheOwnerOfALockGoOn) {
  for_each_schedule({.blocks = 4, .threads = 8}, 5, [](const simt::Launch& launch) {
    std::uint32_t lock = 0;
    std::uint32_t inside = 0;
    const simt::Report report = simt::run(launch, [&] {
      while (gpu::atomic_exchange(&lock, 1U) != 0) {
      }
      const std::uint32_t before = inside;
      gpu::fence();
      inside = before + 1;
      gpu::atomic_exchange(&lock, 0U);
    });
    EXPECT_TRUE(report.ok) << report.text;
    EXPECT_EQ(inside, 32U);
  });
}

TEST(Spin, WaitsForABlockThatIsLongAtWork) {
  std::uint32_t flag = 0;
  const auto kernel = [&] {
    if (gpu::block() == 1) {
      for (int i = 0; i < 3000; ++i) gpu::barrier();
      if (gpu::thread() == 0) gpu::atomic_exchange(&flag, 1U);
    } else {
      while (gpu::load_fresh(&flag) == 0) {
      }
    }
  };
  const simt::Report report = simt::run({.blocks = 2, .threads = 32, .spin_rounds = 100}, kernel);
  EXPECT_TRUE(report.ok) << report.text;
}

constexpr unsigned long long kSum = 1ULL << 62;
constexpr unsigned long long kTotal = 1ULL << 63;

/// The sum over all previous blocks, by decoupled look-back (Merrill, Garland: Single-pass parallel prefix
/// scan, 2016). Thread 0 only.
PLIANT_DEVICE unsigned long long look_back(unsigned long long* state, unsigned block,
                                           unsigned long long own) {
  gpu::atomic_exchange(&state[block], (block == 0 ? kTotal : kSum) | own);
  unsigned long long before = 0;
  for (unsigned at = block; at-- > 0;) {
    unsigned long long seen = 0;
    while (seen == 0) seen = gpu::load_fresh(&state[at]);
    before += seen & (kSum - 1);
    if ((seen & kTotal) != 0) break;
  }
  gpu::atomic_exchange(&state[block], kTotal | (before + own));
  return before;
}

PLIANT_KERNEL void prefix_of_blocks(std::uint32_t* tickets, unsigned long long* state,
                                    unsigned long long* sums) {
  PLIANT_SHARED(unsigned, ticket);
  if (gpu::thread() == 0) ticket = gpu::atomic_add(tickets, 1U);
  gpu::barrier();
  if (gpu::thread() == 0) sums[ticket] = look_back(state, ticket, ticket * 10ULL + 1);
}

TEST(LookBack, SumsAreThoseOfALoop) {
  for (const unsigned resident : {1U, 3U, 8U}) {
    for_each_schedule({.blocks = 8, .resident = resident}, 20, [](const simt::Launch& launch) {
      std::uint32_t tickets = 0;
      std::vector<unsigned long long> state(8, 0);
      std::vector<unsigned long long> sums(8, 0);
      const auto report = simt::run(launch, [&] { prefix_of_blocks(&tickets, state.data(), sums.data()); });
      ASSERT_TRUE(report.ok) << report.text;
      EXPECT_EQ(sums, (std::vector<unsigned long long>{0, 1, 12, 33, 64, 105, 156, 217}));
    });
  }
}

PLIANT_KERNEL void sum_by_last_block(const unsigned* parts, unsigned* gathered, std::uint32_t* done,
                                     unsigned* sum) {
  PLIANT_SHARED(bool, last);
  if (gpu::thread() == 0) {
    gathered[gpu::block()] = parts[gpu::block()];
    gpu::fence();
    last = gpu::atomic_add(done, 1U) + 1 == gpu::blocks();
  }
  gpu::barrier();
  if (last && gpu::thread() == 0) {
    gpu::fence();
    for (unsigned i = 0; i < gpu::blocks(); ++i) *sum += gpu::load_fresh(&gathered[i]);
  }
}

TEST(LastBlock, SeesWhatAllOthersWrote) {
  const std::vector<unsigned> parts = {3, 1, 4, 1, 5, 9, 2};
  for_each_schedule({.blocks = 7, .resident = 4}, 20, [&](const simt::Launch& launch) {
    std::vector<unsigned> gathered(7, 0);
    std::uint32_t done = 0;
    unsigned sum = 0;
    const auto report =
        simt::run(launch, [&] { sum_by_last_block(parts.data(), gathered.data(), &done, &sum); });
    ASSERT_TRUE(report.ok) << report.text;
    EXPECT_EQ(sum, 25U);
  });
}

std::vector<std::uint32_t> order_of_threads(const simt::Launch& launch) {
  std::vector<std::uint32_t> order(64);
  std::uint32_t next = 0;
  const simt::Report report = simt::run(
      launch, [&] { order[gpu::atomic_add(&next, 1U)] = gpu::block() * gpu::threads() + gpu::thread(); });
  EXPECT_TRUE(report.ok) << report.text;
  return order;
}

TEST(Schedule, IsTheOneAskedFor) {
  std::set<std::vector<std::uint32_t>> orders;
  for_each_schedule({.blocks = 4, .threads = 16, .resident = 2}, 10, [&](const simt::Launch& launch) {
    const std::vector<std::uint32_t> order = order_of_threads(launch);
    EXPECT_EQ(order_of_threads(launch), order);
    orders.insert(order);
  });
  EXPECT_EQ(orders.size(), 12U);
  EXPECT_EQ(order_of_threads({.blocks = 4, .threads = 16})[1], 1U);
  EXPECT_EQ(order_of_threads({.blocks = 4, .threads = 16, .order = simt::Order::reversed})[0], 63U);
}

TEST(Schedule, RandomOnesMixBlocksAndThreads) {
  std::set<std::vector<unsigned>> blocks;
  std::size_t displaced = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    std::vector<unsigned> order;
    const auto note_block = [&] { order.push_back(gpu::block()); };
    const simt::Launch one{
        .blocks = 8, .threads = 1, .resident = 1, .order = simt::Order::random, .seed = seed};
    EXPECT_TRUE(simt::run(one, note_block).ok);
    blocks.insert(std::exchange(order, {}));
    const auto note_thread = [&] { order.push_back(gpu::thread()); };
    EXPECT_TRUE(simt::run({.threads = 64, .order = simt::Order::random, .seed = seed}, note_thread).ok);
    for (unsigned i = 0; i < order.size(); ++i) displaced += order[i] != i ? 1 : 0;
  }
  EXPECT_EQ(blocks.size(), 10U);
  EXPECT_GT(displaced, 500U);
}

TEST(Schedule, RandomOnesLoseUpdatesThatAreNotAtomic) {
  unsigned lost = 0;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    std::uint32_t sum = 0;
    const simt::Launch launch{.blocks = 4, .threads = 64, .order = simt::Order::random, .seed = seed};
    const simt::Report report = simt::run(launch, [&] {
      const std::uint32_t before = gpu::load_fresh(&sum);
      gpu::fence();
      sum = before + 1;
    });
    EXPECT_TRUE(report.ok) << report.text;
    lost += 256 - sum;
  }
  EXPECT_GT(lost, 0U);
}

}  // namespace
}  // namespace pliant
