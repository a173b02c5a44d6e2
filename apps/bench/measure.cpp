#include "apps/bench/measure.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>
#include <string>

#include "apps/bench/buffer.hpp"
#include "apps/bench/overlap.hpp"
#include "apps/support/check.hpp"

namespace pliant::bench {
namespace {

using apps::check;
using Bytes = std::vector<std::byte>;

struct World {
  int rank = 0;
  int ranks = 1;
};

World world() {
  World world;
  check(MPI_Comm_rank(MPI_COMM_WORLD, &world.rank));
  check(MPI_Comm_size(MPI_COMM_WORLD, &world.ranks));
  return world;
}

/// The expected result. Each rank computes a part of it, from all ranks' inputs.
Bytes expected_result(std::int64_t count, const World& world, const Options& options) {
  const auto begin = [&](int rank) { return count * rank / world.ranks; };
  const Element& element = *options.element;
  Bytes expected(static_cast<std::size_t>(count * element.bytes));
  std::vector<int> counts;
  std::vector<int> offsets;
  for (int rank = 0; rank < world.ranks; ++rank) {
    counts.push_back(static_cast<int>(begin(rank + 1) - begin(rank)));
    offsets.push_back(static_cast<int>(begin(rank)));
  }
  const Block mine{*options.op, options.seed, world.ranks, begin(world.rank), begin(world.rank + 1)};
  element.fill_expected(mine, expected.data() + mine.first * element.bytes);
  check(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, expected.data(), counts.data(), offsets.data(),
                       element.mpi, MPI_COMM_WORLD));
  return expected;
}

/// [configuration][iteration], seconds on this rank. Each iteration shuffles the configurations, in an order
/// that all ranks share, so that none always runs after the same predecessor.
std::vector<std::vector<double>> time_runs(std::vector<Reduction>& reductions, const Options& options) {
  std::vector<std::vector<double>> seconds(reductions.size());
  std::vector<std::size_t> order(reductions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937_64 random(options.seed);
  for (int i = -options.warmup_iterations; i < options.iterations; ++i) {
    std::shuffle(order.begin(), order.end(), random);
    for (const std::size_t c : order) {
      check(MPI_Barrier(MPI_COMM_WORLD));
      const double begin_s = MPI_Wtime();
      reductions[c].run();
      if (i >= 0) seconds[c].push_back(MPI_Wtime() - begin_s);
    }
  }
  return seconds;
}

/// Number of ranks whose bits differ from rank 0's.
std::int64_t differing_ranks(const Bytes& recv, const World& world) {
  Bytes root = world.rank == 0 ? recv : Bytes(recv.size());
  constexpr std::size_t kPiece = std::size_t{1} << 30;  // MPI counts bytes by an int
  for (std::size_t at = 0; at < root.size(); at += kPiece)
    check(MPI_Bcast(root.data() + at, static_cast<int>(std::min(kPiece, root.size() - at)), MPI_BYTE, 0,
                    MPI_COMM_WORLD));
  return std::memcmp(root.data(), recv.data(), recv.size()) == 0 ? 0 : 1;
}

/// Adds up `wrong` and takes the maximum of `relative` over all ranks.
Difference over_ranks(Difference mine) {
  check(MPI_Allreduce(MPI_IN_PLACE, &mine.wrong, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD));
  check(MPI_Allreduce(MPI_IN_PLACE, &mine.relative, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD));
  return mine;
}

void describe(const Reduction& reduction, int ranks, Result& result) {
  result.requested = result.algorithm = reduction.configuration().requested();
  result.requested_density = reduction.configuration().density();
  const auto report = reduction.report();
  if (!report) return;
  result.algorithm = report->algorithm;
  result.density = report->density;
  result.exact = report->exact != 0;
  if (std::isfinite(report->predicted_s)) result.predicted_us = report->predicted_s * 1e6;
  const Pliant_Report& first = reduction.first_report().value_or(*report);
  if (std::isfinite(first.alpha_s)) result.alpha_us = first.alpha_s * 1e6;
  if (std::isfinite(first.beta_s_per_byte)) result.beta_ns_per_byte = first.beta_s_per_byte * 1e9;
  double compress_us = report->compress_s * 1e6;
  check(MPI_Allreduce(MPI_IN_PLACE, &compress_us, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD));
  result.compress_us = compress_us;
  std::int64_t sent = report->wire_bytes;
  check(MPI_Allreduce(MPI_IN_PLACE, &sent, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD));
  result.wire_bytes = (sent + ranks - 1) / ranks;
}

void rate(Result& result, int ranks) {
  if (result.time.median_us <= 0) return;
  result.algbw_gbs = static_cast<double>(result.bytes) / (result.time.median_us * 1e-6) * 1e-9;
  result.busbw_gbs = result.algbw_gbs * 2 * (ranks - 1) / ranks;
}

/// Runs once more and compares the result.
void check_result(Reduction& reduction, Buffer& buffer, const Bytes& expected, const World& world,
                  const Options& options, Result& result) {
  Bytes& recv = buffer.contents();
  std::memset(recv.data(), 0xff, recv.size());
  buffer.put();
  reduction.run();
  buffer.get();
  const auto report = reduction.report();
  Difference difference = options.element->compare(recv.data(), expected.data(), result.count);
  if (report && report->exact == 0) difference.wrong = differing_ranks(recv, world);
  difference = over_ranks(difference);
  result.wrong = difference.wrong;
  result.rel_err = difference.relative;
}

void compare_with_baseline(std::span<const Configuration> configurations, std::vector<Result>& results) {
  const auto baseline = std::find_if(configurations.begin(), configurations.end(),
                                     [](const Configuration& c) { return c.baseline(); });
  if (baseline == configurations.end()) return;
  const double baseline_us =
      results[static_cast<std::size_t>(baseline - configurations.begin())].time.median_us;
  for (Result& result : results)
    if (result.time.median_us > 0) result.speedup = baseline_us / result.time.median_us;
}

}  // namespace

Times slowest_rank(std::vector<double> seconds) {
  check(MPI_Allreduce(MPI_IN_PLACE, seconds.data(), static_cast<int>(seconds.size()), MPI_DOUBLE, MPI_MAX,
                      MPI_COMM_WORLD));
  for (double& second : seconds) second *= 1e6;
  return summarise(std::move(seconds));
}

std::vector<Result> measure(std::int64_t count, std::span<const Configuration> configurations,
                            const Options& options, Accelerator* accelerator) {
  const World here = world();
  const Element& element = *options.element;
  Buffer send(accelerator, count * element.bytes);
  Buffer recv(accelerator, count * element.bytes);
  element.fill_input({*options.op, options.seed, here.ranks, 0, count}, here.rank, send.contents().data());
  send.put();

  std::vector<Reduction> reductions;
  reductions.reserve(configurations.size());
  for (const Configuration& configuration : configurations)
    reductions.emplace_back(configuration,
                            Message{send.data(), recv.data(), count, element.mpi, options.op->mpi,
                                    mpi_takes_device_memory() ? nullptr : accelerator},
                            options.overlap);
  const auto seconds = time_runs(reductions, options);

  std::vector<Times> times;
  for (const auto& mine : seconds) times.push_back(slowest_rank(mine));
  std::vector<Overlap> overlaps;
  if (options.overlap) overlaps = measure_overlap(reductions, times, options);

  std::vector<Result> results(configurations.size());
  const Bytes expected = options.check ? expected_result(count, here, options) : Bytes();
  for (std::size_t c = 0; c < configurations.size(); ++c) {
    Result& result = results[c];
    result.count = count;
    result.bytes = count * element.bytes;
    result.type = element.name;
    result.redop = options.op->name;
    result.time = times[c];
    rate(result, here.ranks);
    describe(reductions[c], here.ranks, result);
    if (options.overlap) result.overlap = overlaps[c];
    if (options.check) check_result(reductions[c], recv, expected, here, options, result);
  }
  compare_with_baseline(configurations, results);
  return results;
}

}  // namespace pliant::bench
