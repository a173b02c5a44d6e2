// pliant_bench: allreduce algorithms side by side, in the manner of nccl-tests. Run it under mpirun.
#include <mpi.h>
#include <pliant/pliant.h>

#include <algorithm>
#include <array>
#include <exception>
#include <iostream>
#include <iterator>
#include <limits>
#include <memory>
#include <string_view>

#include "apps/bench/buffer.hpp"
#include "apps/bench/configuration.hpp"
#include "apps/bench/kernels/accelerator.hpp"
#include "apps/bench/measure.hpp"
#include "apps/bench/options.hpp"
#include "apps/bench/output.hpp"
#include "apps/support/check.hpp"
#include "apps/support/command_line.hpp"
#include "apps/support/hosts.hpp"

namespace {

using namespace pliant;
using apps::check;

std::string mpi_library() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  check(MPI_Get_library_version(text.data(), &length));
  const std::string all(text.data(), static_cast<std::size_t>(length));
  return all.substr(0, all.find_first_of(",\n"));
}

std::string buffers(const bench::Accelerator* accelerator) {
  if (accelerator == nullptr) return "host memory";
  return accelerator->name() + "; MPI_Allreduce " +
         (bench::mpi_takes_device_memory() ? "takes them itself" : "through pinned copies");
}

/// Collective; complete on rank 0 only.
bench::Session session(int ranks, const bench::Accelerator* accelerator) {
  return {Pliant_Get_library_version(), mpi_library(), ranks, apps::host_names(MPI_COMM_WORLD),
          buffers(accelerator)};
}

/// Collective. Returns the program's exit status, equal on every rank.
int run(const bench::Options& options, const std::vector<bench::Configuration>& configurations, int rank,
        bench::Accelerator* accelerator) {
  int ranks = 1;
  check(MPI_Comm_size(MPI_COMM_WORLD, &ranks));
  const bench::Session here = session(ranks, accelerator);
  std::vector<bench::Result> results;
  if (rank == 0) bench::print_head(std::cout, options, here);
  for (const std::int64_t count : options.counts()) {
    const auto rows = bench::measure(count, configurations, options, accelerator);
    if (rank == 0) bench::print_results(std::cout, options, rows);
    results.insert(results.end(), rows.begin(), rows.end());
  }
  if (rank == 0) bench::print_foot(std::cout, options, here, results);
  return bench::summarise(results).out_of_bounds == 0 ? 0 : apps::kRefusedStatus;
}

/// Times kernels on rank 0; the other ranks return at once.
int time_kernels(const bench::KernelOptions& options, bool on_device, int rank) {
  if (rank != 0) return 0;
  try {
    on_device ? bench::run_device_kernels(options, std::cout) : bench::run_kernels(options, std::cout);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "pliant_bench: " << error.what() << "\n";
    return apps::kRefusedStatus;
  }
}

/// Finds a device for each rank. If one rank finds none, all fail, and the first such rank says why.
/// Collective.
bool find_accelerators(std::unique_ptr<bench::Accelerator>& accelerator) {
  int rank = 0;
  check(MPI_Comm_rank(MPI_COMM_WORLD, &rank));
  const int on_host = apps::rank_on_host(MPI_COMM_WORLD);
  std::string problem;
  try {
    accelerator = std::make_unique<bench::Accelerator>(on_host);
  } catch (const std::exception& error) {
    problem = error.what();
  }
  constexpr int kNobody = std::numeric_limits<int>::max();
  int speaker = problem.empty() ? kNobody : rank;
  check(MPI_Allreduce(MPI_IN_PLACE, &speaker, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD));
  if (speaker == rank) std::cerr << "pliant_bench: " << problem << "\n";
  return speaker == kNobody;
}

int program(int argc, char** argv) {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  bench::Options options;
  if (const auto status = bench::parse_options(argc, argv, rank, options)) return *status;
  if (options.time_kernels) return time_kernels(options.kernels, options.on_device, rank);
  std::unique_ptr<bench::Accelerator> accelerator;
  if (options.on_device && !find_accelerators(accelerator)) return apps::kRefusedStatus;
  std::vector<bench::Configuration> configurations;
  try {
    configurations = bench::make_configurations(options);
  } catch (const apps::Refused& refused) {
    // A refused setting is refused on all ranks, so one message is enough.
    if (rank == 0) std::cerr << "pliant_bench: " << refused.what() << "\n";
    return apps::kRefusedStatus;
  }
  try {
    return run(options, configurations, rank, accelerator.get());
  } catch (const std::exception& error) {
    // The other ranks may be waiting for this one.
    std::cerr << "pliant_bench: " << error.what() << "\n";
    return MPI_Abort(MPI_COMM_WORLD, apps::kRefusedStatus);
  }
}

/// --overlap may use a progress thread, which calls MPI beside the program. Other runs avoid the cost of
/// MPI's locks.
int thread_level(int argc, char** argv) {
  const bool overlap =
      std::any_of(argv, argv + argc, [](std::string_view word) { return word == "--overlap"; });
  return overlap ? MPI_THREAD_MULTIPLE : MPI_THREAD_SINGLE;
}

}  // namespace

int main(int argc, char** argv) {
  int provided = MPI_THREAD_SINGLE;
  MPI_Init_thread(&argc, &argv, thread_level(argc, argv), &provided);
  const int status = program(argc, argv);
  MPI_Finalize();
  return status;
}
