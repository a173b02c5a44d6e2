// The report: a table as nccl-tests prints it, CSV, or one JSON object.
#pragma once

#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "apps/bench/options.hpp"
#include "apps/bench/result.hpp"

namespace pliant::bench {

/// Where it ran.
struct Session {
  std::string version;
  std::string mpi;
  int ranks = 1;
  std::vector<std::string> hosts;  ///< [ranks]
  std::string buffers;             ///< where they are, on rank 0
};

/// What precedes the results; for JSON nothing.
void print_head(std::ostream& out, const Options& options, const Session& session);
/// Results as they come; for JSON nothing.
void print_results(std::ostream& out, const Options& options, std::span<const Result> results);
/// What follows them; for JSON everything.
void print_foot(std::ostream& out, const Options& options, const Session& session,
                std::span<const Result> results);

}  // namespace pliant::bench
