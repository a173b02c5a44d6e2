// pliant_train: data-parallel SGD with momentum on Fashion-MNIST, gradients summed through Pliant.
#include <dlfcn.h>
#include <mpi.h>
#include <torch/torch.h>

#include <cstdlib>
#include <exception>
#include <iostream>

#include "apps/support/check.hpp"
#include "apps/support/command_line.hpp"
#include "apps/train/dataset.hpp"
#include "apps/train/options.hpp"
#include "apps/train/trainer.hpp"
#include "apps/train/world.hpp"

namespace pliant::train {
namespace {

/// Uses one thread per rank, because ranks already share the cores.
void use_one_thread(const World& world) {
  torch::set_num_threads(1);
  at::set_num_interop_threads(1);
  // The BLAS of this process depends on the installation, hence a look-up instead of linking.
  if (void* symbol = dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) {
    reinterpret_cast<void (*)(int)>(symbol)(1);
  } else if (world.is_root()) {
    std::cerr << refusal_text("pliant_train: OpenBLAS is not in use",
                              "on the reference BLAS a step takes ten times as long",
                              "Install the package libopenblas0-pthread\n");
  }
}

/// Collective. If one rank cannot read its files, all ranks stop.
Dataset load_dataset_together(const World& world, const std::string& folder) {
  Dataset dataset;
  std::string fault;
  try {
    dataset = load_dataset(folder);
  } catch (const std::exception& error) {
    fault = error.what();
  }
  world.refuse_together(fault);
  return dataset;
}

void train_and_print(const World& world, const Options& options) {
  // Pliant reads its environment in its first call. As everywhere, a value that is already set wins.
  if (!options.trace.empty()) setenv("PLIANT_TRACE", options.trace.c_str(), 0);
  use_one_thread(world);
  const Dataset dataset = load_dataset_together(world, options.dataset);
  const auto summary = Trainer(world, options, dataset).run();
  if (world.is_root()) std::cout << summary.dump() << std::endl;
}

int run(const World& world, int argc, const char* const* argv) {
  Options options;
  if (const auto status = parse_options(argc, argv, world.rank, options)) return *status;
  try {
    train_and_print(world, options);
    return 0;
  } catch (const apps::Refused& refused) {
    if (world.is_root()) std::cerr << "pliant_train: " << refused.what() << '\n';
    return apps::kRefusedStatus;
  }
}

}  // namespace
}  // namespace pliant::train

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int status = 0;
  try {
    status = pliant::train::run(pliant::train::World::join(), argc, argv);
  } catch (const std::exception& error) {
    // The other ranks may be waiting for this one.
    std::cerr << "pliant_train: " << error.what() << '\n';
    return MPI_Abort(MPI_COMM_WORLD, pliant::apps::kRefusedStatus);
  }
  MPI_Finalize();
  return status;
}
