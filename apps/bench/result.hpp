// One row of the benchmark: one message length under one configuration. Also the description of the session.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pliant::bench {

/// Spread of one configuration's iterations; each iteration's time is the slowest rank's. [us]
struct Times {
  double median_us = 0;
  double p95_us = 0;  ///< nearest rank: the least time that 95 % of the iterations do not exceed
  double min_us = 0;
  double max_us = 0;
};

/// Median and percentiles of a list that is not empty.
Times summarise(std::vector<double> iterations_us);

/// How much of a computation hides behind the message. Times are medians over iterations of the slowest
/// rank's time.
struct Overlap {
  int tests = 0;          ///< requested number of Test calls between slices of the computation
  double comm_us = 0;     ///< Start, then Wait
  double compute_us = 0;  ///< the computation alone, calibrated to take as long as the message does
  double both_us = 0;     ///< Start, the computation with Test calls, then Wait

  /// Share of the shorter of the two that cost no time. 1 means fully hidden, 0 means one after the other,
  /// and below 0 means slower than that. Nothing if one of them took no time.
  std::optional<double> hidden() const;
};

struct Result {
  std::int64_t bytes = 0;
  std::int64_t count = 0;
  std::string type;
  std::string redop;
  std::string requested;  ///< as on the command line; MPI_Allreduce or MPI_Iallreduce for mpi
  std::optional<double> requested_density;  ///< lossy algorithms only; the nearest k / count is used
  std::string algorithm;                    ///< the one that really ran last
  double density = 1;                       ///< kept / count
  bool exact = true;                        ///< no element was left out
  Times time;
  double algbw_gbs = 0;                    ///< [GB/s] bytes / median
  double busbw_gbs = 0;                    ///< [GB/s] algbw x 2(P-1)/P, nccl-tests' definition
  std::optional<double> predicted_us;      ///< of the algorithm that ran
  std::optional<double> alpha_us;          ///< latency of the link model that the prediction used
  std::optional<double> beta_ns_per_byte;  ///< its inverse bandwidth
  /// Selecting, coding, gathering and scattering in the last iteration, on the rank where it took longest.
  std::optional<double> compress_us;
  std::optional<std::int64_t> wire_bytes;  ///< [byte] sent, mean over ranks, rounded up
  std::optional<double> rel_err;           ///< ||result - exact result|| / ||exact result||; absent with -c 0
  std::optional<std::int64_t> wrong;       ///< exact: elements; lossy: ranks whose bits differ from rank 0's
  std::optional<double> speedup;           ///< median of MPI_Allreduce in the same loop / median
  std::optional<Overlap> overlap;          ///< with --overlap

  std::optional<double> predicted_over_measured() const;
};

struct Summary {
  std::int64_t out_of_bounds = 0;
  double average_busbw_gbs = 0;
};

Summary summarise(std::span<const Result> results);

}  // namespace pliant::bench
