// Element types and operations that can be timed, and inputs whose result is known exactly.
//
// Inputs are small integers, so that every order of additions gives the same bits in every type. For sum, min
// and max, magnitudes are independent on each rank, below 2^12, and about exponentially distributed.
// Gradients look
// alike: a few elements hold most of the energy. Sums over up to 4096 ranks stay exact in float. For prod the
// inputs are +-1, and +-2 on one rank.
#pragma once

#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace pliant::bench {

struct Operation {
  std::string_view name;
  MPI_Op mpi;
  /// One rank's element.
  std::int64_t (*input)(std::uint64_t random, std::int64_t index, int rank, int ranks);
  std::int64_t (*combine)(std::int64_t a, std::int64_t b);
};

/// How far a result is from the expected one.
struct Difference {
  std::int64_t wrong = 0;  ///< elements
  double relative = 0;     ///< ||result - expected|| / ||expected||; 0 where both are 0
};

/// Elements [first, last) of a vector: one rank's input, or the sum over all ranks.
struct Block {
  const Operation& op;
  std::uint64_t seed;
  int ranks;
  std::int64_t first;
  std::int64_t last;
};

struct Element {
  std::string_view name;
  MPI_Datatype mpi;
  std::int64_t bytes;
  /// out: [last - first] elements.
  void (*fill_input)(const Block& block, int rank, std::byte* out);
  void (*fill_expected)(const Block& block, std::byte* out);
  Difference (*compare)(const std::byte* result, const std::byte* expected, std::int64_t count);
};

std::span<const Element> elements();
std::span<const Operation> operations();

}  // namespace pliant::bench
