// The exact algorithms, and the pieces that the sparse ones are built of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "collectives/allreduce.hpp"
#include "mpi/communicator.hpp"

namespace pliant {

extern const AllreduceAlgorithm ring_allreduce;
extern const AllreduceAlgorithm tree_allreduce;
extern const AllreduceAlgorithm rabenseifner_allreduce;
extern const AllreduceAlgorithm mpi_allreduce;

/// Every rank ends with the root's bytes: binomial tree, ceil(log2 P) rounds. Collective.
void broadcast(Communicator& comm, std::span<std::byte> bytes, int root);

/// [byte] all ranks together send in broadcast().
constexpr std::int64_t broadcast_wire_bytes(int ranks, std::int64_t bytes) {
  return (ranks - 1) * bytes;
}

/// Every rank ends with every rank's block: Bruck's algorithm, ceil(log2 P) rounds for any P. Collective.
/// blocks: [P][block_bytes]; the caller has put its own block at [0]; afterwards block_of(r) holds rank r's.
void allgather(Communicator& comm, std::byte* blocks, std::int64_t block_bytes);

/// Where allgather() on `rank` leaves the block of rank `of`.
constexpr int block_of(int of, int rank, int ranks) {
  return (of - rank + ranks) % ranks;
}

/// [byte] all ranks together send in allgather().
constexpr std::int64_t allgather_wire_bytes(int ranks, std::int64_t block_bytes) {
  return static_cast<std::int64_t>(ranks) * (ranks - 1) * block_bytes;
}

/// [byte] all ranks together send in ring, tree and rabenseifner alike: each of the P-1 other contributions
/// travels once on its way in, each of the P-1 other copies once on its way out.
inline std::int64_t dense_wire_bytes(const AllreduceShape& shape) {
  return 2 * (shape.ranks - 1) * shape.bytes();
}

inline bool supports_all(const AllreduceShape&) {
  return true;
}

/// Elements [range.begin, range.begin + range.count) of a call's data, as bytes.
inline std::span<std::byte> elements(std::byte* data, std::int64_t begin, std::int64_t count,
                                     ElementType type) {
  const std::int64_t width = element_bytes(type);
  return {data + begin * width, static_cast<std::size_t>(count * width)};
}

}  // namespace pliant
