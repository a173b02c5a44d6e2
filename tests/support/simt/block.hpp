// A resident block. It is reused for later blocks and launches, so that its clocks only grow.
#pragma once

#include <vector>

#include "shared_memory.hpp"

namespace pliant::simt {

struct Block {
  unsigned index = 0;
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  unsigned waiting = 0;  ///< threads at the barrier
  unsigned exited = 0;
  /// Number of barriers and blocks so far. Accesses of an earlier epoch precede all accesses of this one.
  std::uint32_t epoch = 1;
  /// This many of the next barriers do not count as progress: they may belong to a loop that polls in vain.
  unsigned polling = 0;
  SharedMemory shared;
};

}  // namespace pliant::simt
