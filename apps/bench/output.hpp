// The report: a table as nccl-tests prints it, CSV, or one JSON object.
#pragma once

#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "apps/bench/options.hpp"
#include "apps/bench/result.hpp"

namespace pliant::bench {

/// The machine and library that the run used.
struct Session {
  std::string version;
  std::string mpi;
  int ranks = 1;
  std::vector<std::string> hosts;  ///< [ranks]
  std::string buffers;             ///< the buffers' memory, on rank 0
};

/// Prints the heading, or nothing for JSON.
void print_head(std::ostream& out, const Options& options, const Session& session);
/// Prints results as they come, or nothing for JSON.
void print_results(std::ostream& out, const Options& options, std::span<const Result> results);
/// Prints the end of the report, or for JSON all of it.
void print_foot(std::ostream& out, const Options& options, const Session& session,
                std::span<const Result> results);

}  // namespace pliant::bench
