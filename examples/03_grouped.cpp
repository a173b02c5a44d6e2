// The tensors of a model as one message: the largest elements of all tensors together are sent.
//
//   mpirun -np 4 03_grouped
#include <mpi.h>

#include <cstdio>
#include <pliant/pliant.hpp>
#include <span>
#include <vector>

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int wrong = 0;
  {
    int ranks = 0;
    int rank = 0;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);

    std::vector<std::vector<float>> layers = {std::vector<float>(50'000, 1.0F), std::vector<float>(200, 9.0F),
                                              std::vector<float>(10'000, 2.0F)};
    std::vector<std::span<float>> tensors;
    for (auto& layer : layers) tensors.emplace_back(layer);
    auto request = pliant::Request::grouped(
        tensors, MPI_COMM_WORLD,
        {{"pliant_mode", "topk"}, {"pliant_density", "0.01"}, {"pliant_name", "all layers"}});
    request.start();
    request.wait();

    // At 1 %, 602 elements are sent. They include the second layer's 200 elements, the largest of all.
    for (const float sum : layers[1]) wrong += sum == 9.0F * static_cast<float>(ranks) ? 0 : 1;
    const Pliant_Report report = request.report();
    if (rank == 0)
      std::printf("%lld of %lld elements sent by %s; %d sums of the small layer are wrong\n",
                  static_cast<long long>(report.kept), static_cast<long long>(report.elements),
                  report.algorithm, wrong);
  }  // the request ends before MPI does
  MPI_Finalize();
  return wrong;
}
