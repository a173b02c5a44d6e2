// pliant_quadratic: Kimad's synthetic setting. See docs/guide/quadratic.md.
#include <mpi.h>

#include <exception>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>

#include "apps/research/quadratic/options.hpp"
#include "apps/research/quadratic/output.hpp"
#include "apps/support/command_line.hpp"
#include "core/error.hpp"

namespace pliant::quadratic {
namespace {

/// Prints the server's results. Returns the exit status.
int tell(const Options& options, const Setting& setting, const std::vector<ModeResult>& results) {
  int status = 0;
  for (const ModeResult& result : results) {
    if (result.best.end == End::reached) continue;
    std::cerr << "pliant_quadratic: " << result.mode->name << " never reached the target = " << options.target
              << " (within " << options.most_rounds << " rounds and " << options.most_s
              << " simulated seconds). Allow more, or other densities and steps\n";
    status = apps::kRefusedStatus;
  }
  std::cout << text_of(results);
  if (options.json) std::cout << json_of(setting, results) << std::endl;
  if (options.csv.empty()) return status;
  std::ofstream file(options.csv);
  write_csv(file, results);
  if (file.flush()) return status;
  std::cerr << "pliant_quadratic: cannot write --csv = " << options.csv
            << " (it must be writable on rank 0's host). Choose another file\n";
  return apps::kRefusedStatus;
}

/// Collective. Returns nothing if any rank cannot read the file; the first such rank prints why.
std::optional<Bandwidth> read_bandwidth(const World& world, const BandwidthOptions& options) {
  std::optional<Bandwidth> bandwidth;
  std::string fault;
  try {
    bandwidth.emplace(options);
  } catch (const Error& error) {
    fault = error.what();
  }
  const World::Refusal refusal = world.refuse(!bandwidth);
  if (refusal.mine) std::cerr << "pliant_quadratic: " << fault << '\n';
  if (refusal.any) bandwidth.reset();
  return bandwidth;
}

int run(const World& world, int argc, const char* const* argv) {
  Options options;
  if (const auto status = parse_options(argc, argv, world.ranks(), world.is_server(), options))
    return *status;
  const std::optional<Bandwidth> bandwidth = read_bandwidth(world, options.bandwidth);
  if (!bandwidth) return apps::kRefusedStatus;
  const Problem problem(options.problem);
  const Setting setting{.problem = problem,
                        .bandwidth = *bandwidth,
                        .compute_s = options.compute_s,
                        .latency_s = options.latency_s,
                        .least_density = options.least_density,
                        .bandwidth_known = options.known == "now",
                        .target = options.target,
                        .most_rounds = options.most_rounds,
                        .most_s = options.most_s};
  const std::vector<ModeResult> results = study(world, setting, options.grid);
  return world.shared(world.is_server() ? tell(options, setting, results) : 0);
}

}  // namespace
}  // namespace pliant::quadratic

int main(int argc, char** argv) {
  using namespace pliant;
  MPI_Init(&argc, &argv);
  int status = 0;
  const quadratic::World world = quadratic::World::join();
  try {
    status = quadratic::run(world, argc, argv);
  } catch (const std::exception& error) {
    // This rank may have failed alone, and the others may be waiting for it.
    std::cerr << "pliant_quadratic: " << error.what() << '\n';
    if (world.ranks() > 1) MPI_Abort(MPI_COMM_WORLD, apps::kRefusedStatus);
    status = apps::kRefusedStatus;
  }
  MPI_Finalize();
  return status;
}
