#include "apps/bench/overlap.hpp"

#include <array>
#include <cmath>
#include <utility>

#include "apps/bench/measure.hpp"
#include "apps/support/check.hpp"

namespace pliant::bench {
namespace {

using apps::check;

/// A loop that keeps a core busy but not memory: its array stays in the first-level cache.
class Computation {
 public:
  void run(std::int64_t passes) {
    for (std::int64_t pass = 0; pass < passes; ++pass)
      for (float& value : values_) value = value * 0.75F + 0.25F;  // goes to 1, not to slow denormals
    used_ = values_.front();
  }

 private:
  std::array<float, 256> values_{};
  volatile float used_ = 0;  ///< keeps the compiler from removing the loop
};

/// [s] on this rank that `work` takes, after a barrier. Collective.
template <class Work>
double time_s(Work&& work) {
  check(MPI_Barrier(MPI_COMM_WORLD));
  const double begin_s = MPI_Wtime();
  work();
  return MPI_Wtime() - begin_s;
}

/// Approximate passes of `computation` per second on this rank while all ranks compute. Collective.
double speed(Computation& computation) {
  constexpr double kWindow_s = 0.02;  // several time slices of ranks that share a core
  constexpr int kPassesPerLook = 64;  // far longer than a look at the clock
  std::int64_t passes = 0;
  const double seconds = time_s([&] {
    const double end_s = MPI_Wtime() + kWindow_s;
    for (; MPI_Wtime() < end_s; passes += kPassesPerLook) computation.run(kPassesPerLook);
  });
  return static_cast<double>(passes) / seconds;
}

/// Passes on this rank for which the slowest rank takes `target_us`. Calibrates on whole computations: a
/// short window of speed() may have a core to itself that a longer run has to share. Collective.
std::int64_t calibrated_passes(Computation& computation, double passes_per_s, double target_us) {
  constexpr int kRuns = 3;
  const double guess = target_us * 1e-6 * passes_per_s;
  std::vector<double> seconds;
  for (int i = 0; i < kRuns; ++i) seconds.push_back(time_s([&] { computation.run(std::llround(guess)); }));
  const double took_us = slowest_rank(std::move(seconds)).median_us;
  return std::llround(took_us > 0 ? guess * target_us / took_us : guess);
}

/// Runs `passes` in slices, with up to `tests` calls of Test between them; stops testing once Test reports
/// completion.
void run_both(Reduction& reduction, Computation& computation, std::int64_t passes, int tests) {
  reduction.start();
  const std::int64_t slices = tests + 1;
  bool done = false;
  for (std::int64_t slice = 0; slice < slices; ++slice) {
    if (slice > 0 && !done) done = reduction.test();
    computation.run(passes * (slice + 1) / slices - passes * slice / slices);
  }
  reduction.wait();
}

/// [iteration], seconds on this rank.
struct Seconds {
  std::vector<double> comm;
  std::vector<double> compute;
  std::vector<double> both;
};

}  // namespace

std::vector<Overlap> measure_overlap(std::span<Reduction> reductions, std::span<const Times> times,
                                     const Options& options) {
  Computation computation;
  const double passes_per_s = speed(computation);
  std::vector<std::int64_t> passes;
  for (const Times& alone : times)
    passes.push_back(calibrated_passes(computation, passes_per_s, alone.median_us));
  std::vector<Seconds> seconds(reductions.size());
  for (int i = 0; i < options.iterations; ++i) {
    for (std::size_t c = 0; c < reductions.size(); ++c) {
      seconds[c].comm.push_back(time_s([&] { reductions[c].run(); }));
      seconds[c].compute.push_back(time_s([&] { computation.run(passes[c]); }));
      seconds[c].both.push_back(
          time_s([&] { run_both(reductions[c], computation, passes[c], options.overlap_tests); }));
    }
  }
  std::vector<Overlap> overlaps;
  for (Seconds& mine : seconds)
    overlaps.push_back({.tests = options.overlap_tests,
                        .comm_us = slowest_rank(std::move(mine.comm)).median_us,
                        .compute_us = slowest_rank(std::move(mine.compute)).median_us,
                        .both_us = slowest_rank(std::move(mine.both)).median_us});
  return overlaps;
}

}  // namespace pliant::bench
