// A block that is resident: kept from block to block and from launch to launch, so that its clocks only grow.
#pragma once

#include <vector>

#include "shared_memory.hpp"

namespace pliant::simt {

struct Block {
  unsigned index = 0;
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  unsigned waiting = 0;  ///< at the barrier
  unsigned exited = 0;
  /// Barriers and blocks so far: what happened in an earlier one is ordered before all that happens now.
  std::uint32_t epoch = 1;
  /// Of the next barriers so many tell nothing: they may belong to a loop that polls in vain.
  unsigned polling = 0;
  SharedMemory shared;
};

}  // namespace pliant::simt
