// pliant_probe: latency and bandwidth between the ranks, pair by pair, as Pliant measures them for itself.
#include <mpi.h>
#include <pliant/pliant.h>

#include <cmath>
#include <exception>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>

#include "apps/probe/network.hpp"
#include "apps/probe/output.hpp"
#include "apps/support/check.hpp"
#include "apps/support/command_line.hpp"

namespace {

using namespace pliant;

struct Options {
  std::string max_ms;
  bool json = false;
  std::string output;
};

std::string positive(const std::string& text) {
  double number = 0;
  if (CLI::detail::lexical_cast(text, number) && number > 0 && std::isfinite(number)) return {};
  return "value = " + text + " (must be a number > 0). Correct it";
}

std::optional<int> parse(Options& options, int argc, char** argv, bool speak) {
  CLI::App app("Latency (alpha) and bandwidth (1 / beta) between MPI ranks. Run it under mpirun",
               "pliant_probe");
  app.add_option("--max-ms", options.max_ms,
                 "How long measuring may take, about [ms] (default 400; PLIANT_PROBE_MAX_MS beats it)")
      ->check(positive);
  app.add_flag("--json", options.json, "Machine-readable");
  app.add_option("--output", options.output, "Write to this file instead of stdout");
  return apps::parse(app, argc, argv, speak);
}

/// Refused, if at all, on all ranks alike: this is where bad settings of the environment show, too.
int apply(const Options& options) {
  MPI_Info info = MPI_INFO_NULL;
  MPI_Info_create(&info);
  if (!options.max_ms.empty()) MPI_Info_set(info, "pliant_probe_max_ms", options.max_ms.c_str());
  const int code = Pliant_Comm_set_info(MPI_COMM_WORLD, info);
  MPI_Info_free(&info);
  return code;
}

/// Rank 0's part. Returns the exit status.
int write(const probe::Network& network, const Options& options) {
  const std::string text = options.json ? probe::json_of(network) : probe::text_of(network);
  if (options.output.empty()) {
    std::cout << text << std::flush;
    if (std::cout) return 0;
  } else {
    std::ofstream file(options.output);
    file << text << std::flush;
    if (file) return 0;
  }
  std::cerr << "pliant_probe: cannot write " << (options.output.empty() ? "stdout" : options.output)
            << " (it must be writable on rank 0's host). Choose another --output\n";
  return apps::kRefusedStatus;
}

int run(const Options& options, int rank, int ranks) {
  if (const int code = apply(options); code != MPI_SUCCESS) {
    if (rank == 0) std::cerr << "pliant_probe: " << apps::error_text(code) << "\n";
    return apps::kRefusedStatus;
  }
  probe::Network network;
  if (ranks > 1) network = probe::measure(MPI_COMM_WORLD);
  return rank == 0 ? write(network, options) : 0;
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  int rank = 0;
  int ranks = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  Options options;
  int status = 0;
  try {
    const std::optional<int> parsed = parse(options, argc, argv, rank == 0);
    status = parsed ? *parsed : run(options, rank, ranks);
  } catch (const std::exception& error) {
    // Perhaps of this rank alone: the others may be waiting for it.
    std::cerr << "pliant_probe: " << error.what() << "\n";
    MPI_Abort(MPI_COMM_WORLD, apps::kRefusedStatus);
  }
  MPI_Finalize();
  return status;
}
