// Runs kernels without a GPU: every CUDA thread is a fiber of this one OS thread, and what CUDA leaves
// undefined is reported. Kernels are the very source that nvcc compiles, with gpu/language.hpp of this folder
// in its place.
//
//   simt::Report report = simt::run({.blocks = 4, .order = simt::Order::random, .seed = 7}, [=] {
//   scale(arguments); }); EXPECT_TRUE(report.ok) << report.text;
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace pliant::simt {

/// Who goes first where several may. `random` also lets others go on in front of and behind atomics and
/// fences.
enum class Order { in_order, reversed, random };

struct Launch {
  unsigned blocks = 1;
  unsigned threads = 256;  ///< of a block: 1 to 1024
  /// Blocks that take turns; a further one starts when one ends. The order of starting follows `order`.
  unsigned resident = 16;
  Order order = Order::in_order;
  std::uint64_t seed = 0;  ///< for Order::random
  unsigned stack_bytes = 32 * 1024;
  /// Threads that have polled unchanged memory so often, with nothing else going on, are told of as a
  /// deadlock.
  std::uint64_t spin_rounds = 10000;
};

struct Report {
  bool ok = true;
  std::string text;  ///< the first error; empty where there is none
  std::uint64_t switches = 0;
  std::uint64_t barriers = 0;     ///< of blocks, completed
  std::uint64_t collectives = 0;  ///< of warps, completed; warp_barrier among them
  std::uint64_t atomics = 0;
};

/// Runs `kernel` once for each thread of the grid. At the first error the launch is abandoned: objects of the
/// unfinished threads are never destroyed. Launches of several OS threads wait for each other; a kernel
/// launches none.
[[nodiscard]] Report run(const Launch& launch, const std::function<void()>& kernel);

}  // namespace pliant::simt
