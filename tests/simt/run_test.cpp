// Grids, blocks and threads: every one of them runs, once.
#include <gpu/language.hpp>
#include <gtest/gtest.h>

#include <vector>

#include "tests/support/simt/executor.hpp"

namespace pliant {
namespace {

PLIANT_KERNEL void count_threads(std::uint32_t* runs) {
  runs[gpu::block() * gpu::threads() + gpu::thread()] += gpu::blocks();
}

TEST(Simt, EveryThreadOfAGridRunsOnce) {
  for (const simt::Order order : {simt::Order::in_order, simt::Order::reversed, simt::Order::random}) {
    for (const unsigned threads : {1U, 31U, 256U, 1024U}) {
      for (const unsigned resident : {1U, 3U, 16U}) {
        std::vector<std::uint32_t> runs(std::size_t{7} * threads, 0);
        const simt::Launch launch{.blocks = 7, .threads = threads, .resident = resident, .order = order};
        const simt::Report report = simt::run(launch, [&] { count_threads(runs.data()); });
        EXPECT_TRUE(report.ok) << report.text;
        EXPECT_EQ(runs, std::vector<std::uint32_t>(runs.size(), 7));
      }
    }
  }
}

}  // namespace
}  // namespace pliant
