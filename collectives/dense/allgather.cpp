// Bruck's allgather: in round i a rank passes on its first 2^i blocks to the rank 2^i below it.
//   P = 3, blocks 0 1 2 (rank 0 | 1 | 2):   start 0 | 1 | 2    round 1: 01 | 12 | 20    round 2: 012 | 120 |
//   201
// Rounds ceil(log2 P) for any P; bytes sent per rank (P-1) blocks. Source: Bruck et al., IEEE TPDS 8(11),
// 1997.
#include <algorithm>

#include "collectives/dense/dense.hpp"

namespace pliant {

void allgather(Communicator& comm, std::byte* blocks, std::int64_t block_bytes) {
  const int ranks = comm.ranks();
  const int rank = comm.rank();
  const auto part = [&](int first, int count) {
    return std::span<std::byte>(blocks + first * block_bytes, static_cast<std::size_t>(count * block_bytes));
  };
  for (int held = 1; held < ranks; held *= 2) {
    const int moved = std::min(held, ranks - held);
    const int to = (rank - held + ranks) % ranks;
    const int from = (rank + held) % ranks;
    comm.exchange(part(0, moved), to, part(held, moved), from);
  }
}

}  // namespace pliant
