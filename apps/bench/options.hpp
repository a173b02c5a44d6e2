// pliant_bench's command line. Flags that nccl-tests has too keep its names and meanings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/bench/element.hpp"
#include "apps/bench/kernels/kernels.hpp"

namespace pliant::bench {

enum class Format { table, csv, json };

struct Options {
  std::int64_t min_bytes = 0;
  std::int64_t max_bytes = 0;
  std::int64_t step_factor = 2;
  std::int64_t step_bytes = 0;  ///< 0: sizes grow by step_factor
  int iterations = 20;
  int warmup_iterations = 5;
  const Element* element = nullptr;
  const Operation* op = nullptr;
  bool check = true;
  std::vector<std::string> algorithms = {"auto", "mpi"};
  std::vector<double> densities = {0.01};
  bool error_feedback = false;
  std::uint64_t seed = 1;
  Format format = Format::table;
  bool on_device = false;     ///< --device cuda: messages, and the vectors of kernels, are in device memory
  bool overlap = false;       ///< all messages are nonblocking; time how much of a computation they hide
  int overlap_tests = 64;     ///< Test calls during that computation
  bool time_kernels = false;  ///< --kernels: time kernels as `kernels` says; no message is sent
  KernelOptions kernels;

  /// Elements of each message for the requested sizes; at least one each.
  std::vector<std::int64_t> counts() const;
};

/// Fills `options`. Returns an exit status if the program must end here. Only rank 0 prints.
std::optional<int> parse_options(int argc, const char* const* argv, int rank, Options& options);

}  // namespace pliant::bench
