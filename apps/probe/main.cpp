// pliant_probe: latency and bandwidth between the ranks, pair by pair and class by class.
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
#include "apps/probe/profile.hpp"
#include "apps/support/check.hpp"
#include "apps/support/command_line.hpp"
#include "core/error.hpp"

namespace {

using namespace pliant;

struct Options {
  std::string max_ms = "1000";  ///< five times the library's default, for narrower confidence intervals
  bool json = false;
  std::string output;
  std::string save;
  std::string load;
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
                 "How long measuring may take [ms], for the library's own model and for the links each; "
                 "PLIANT_PROBE_MAX_MS "
                 "beats it")
      ->capture_default_str()
      ->check(positive);
  app.add_flag("--json", options.json, "Machine-readable");
  app.add_option("--output", options.output, "Write to this file instead of stdout");
  app.add_option("--save", options.save, "Keep what was measured in this file, too: a profile");
  app.add_option("--load", options.load, "Show this profile; nothing is measured, and mpirun is not needed");
  return apps::parse(app, argc, argv, speak);
}

/// Applies the options. Fails on all ranks or on none; this is also where bad environment settings show.
int apply(const Options& options) {
  MPI_Info info = MPI_INFO_NULL;
  MPI_Info_create(&info);
  MPI_Info_set(info, "pliant_probe_max_ms", options.max_ms.c_str());
  const int code = Pliant_Comm_set_info(MPI_COMM_WORLD, info);
  MPI_Info_free(&info);
  return code;
}

bool write_file(const std::string& option, const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  if (file) return true;
  std::cerr << "pliant_probe: cannot write " << option << " = " << path
            << " (it must be writable on rank 0's host). Choose another file\n";
  return false;
}

/// Runs on rank 0. Returns the exit status.
int write(const probe::Network& network, const Options& options) {
  const bool saved = options.save.empty() || write_file("--save", options.save, probe::json_of(network));
  const std::string text = options.json ? probe::json_of(network) : probe::text_of(network);
  if (!options.output.empty())
    return write_file("--output", options.output, text) && saved ? 0 : apps::kRefusedStatus;
  std::cout << text << std::flush;
  if (!std::cout) std::cerr << "pliant_probe: cannot write stdout (it must be open). Give --output FILE\n";
  return std::cout && saved ? 0 : apps::kRefusedStatus;
}

/// Runs on rank 0. Returns the exit status.
int show_profile(const Options& options) {
  std::ifstream file(options.load);
  if (!file) {
    std::cerr << "pliant_probe: cannot read --load = " << options.load
              << " (it must be a file that --save wrote, on rank 0's host). Give such a file\n";
    return apps::kRefusedStatus;
  }
  try {
    return write(probe::network_of(file, options.load), options);
  } catch (const Error& error) {
    std::cerr << "pliant_probe: " << error.what() << "\n";
    return apps::kRefusedStatus;
  }
}

int run(const Options& options, int rank) {
  if (!options.load.empty()) return rank == 0 ? show_profile(options) : 0;
  if (const int code = apply(options); code != MPI_SUCCESS) {
    if (rank == 0) std::cerr << "pliant_probe: " << apps::error_text(code) << "\n";
    return apps::kRefusedStatus;
  }
  const probe::Network network = probe::measure(MPI_COMM_WORLD);
  return rank == 0 ? write(network, options) : 0;
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  Options options;
  int status = 0;
  try {
    const std::optional<int> parsed = parse(options, argc, argv, rank == 0);
    status = parsed ? *parsed : run(options, rank);
  } catch (const std::exception& error) {
    // This rank may have failed alone, and the others may be waiting for it.
    std::cerr << "pliant_probe: " << error.what() << "\n";
    MPI_Abort(MPI_COMM_WORLD, apps::kRefusedStatus);
  }
  MPI_Finalize();
  return status;
}
