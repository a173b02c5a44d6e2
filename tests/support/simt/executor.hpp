// Runs kernels without a GPU. Every CUDA thread is a fiber of one OS thread, and behaviour that CUDA leaves
// undefined is reported. Kernels are the same source that nvcc compiles, with this folder's gpu/language.hpp
// instead of nvcc's.
//
//   simt::Report report = simt::run({.blocks = 4, .order = simt::Order::random, .seed = 7}, [=] {
//   scale(arguments); }); EXPECT_TRUE(report.ok) << report.text;
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace pliant::simt {

/// The order of threads that may run. `random` also switches threads before and after atomics and fences.
enum class Order { in_order, reversed, random };

struct Launch {
  unsigned blocks = 1;
  unsigned threads = 256;  ///< per block: 1 to 1024
  /// Blocks that run in turn. When one ends, the next starts, in the order that `order` says.
  unsigned resident = 16;
  Order order = Order::in_order;
  std::uint64_t seed = 0;  ///< of Order::random
  unsigned stack_bytes = 32 * 1024;
  /// After this many polls of unchanged memory, with no other progress, the launch is reported as a deadlock.
  std::uint64_t spin_rounds = 10000;
};

struct Report {
  bool ok = true;
  std::string text;  ///< the first error, or empty
  std::uint64_t switches = 0;
  std::uint64_t barriers = 0;     ///< completed barriers of blocks
  std::uint64_t collectives = 0;  ///< completed warp collectives, warp_barrier included
  std::uint64_t atomics = 0;
};

/// Runs `kernel` once for each thread of the grid. The first error ends the launch, without destroying the
/// objects of unfinished threads. Launches from several OS threads wait for each other. A kernel cannot
/// launch another one.
[[nodiscard]] Report run(const Launch& launch, const std::function<void()>& kernel);

}  // namespace pliant::simt
