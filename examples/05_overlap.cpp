// Sends one layer's gradient while the next one is computed.
//
//   mpirun -np 4 05_overlap
//
// A pending request advances in Pliant_Test and in every Pliant call that waits.
#include <mpi.h>

#include <cmath>
#include <cstdio>
#include <pliant/pliant.hpp>
#include <span>
#include <vector>

namespace {

constexpr std::size_t kCount = 200'000;
constexpr int kLayers = 4;

float element(std::size_t i) {
  return std::floor(std::sin(static_cast<float>(i)) * 8);
}

/// A few milliseconds of work, in pieces. Calls `between` after each.
template <class Between>
void compute(std::vector<float>& gradient, Between&& between) {
  constexpr std::size_t kPiece = 20'000;
  for (std::size_t begin = 0; begin < gradient.size(); begin += kPiece) {
    for (std::size_t i = begin; i < begin + kPiece; ++i) gradient[i] = element(i);
    between();
  }
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int wrong = 0;
  {
    int ranks = 0;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    std::vector<std::vector<float>> gradients(kLayers, std::vector<float>(kCount));
    std::vector<pliant::Request> requests;
    for (auto& gradient : gradients)
      requests.push_back(pliant::Request::allreduce(std::span(gradient), MPI_COMM_WORLD));

    for (std::size_t layer = gradients.size(); layer-- > 0;) {  // as backpropagation goes
      compute(gradients[layer], [&] {
        for (std::size_t later = layer + 1; later < gradients.size(); ++later) requests[later].test();
      });
      requests[layer].start();
    }
    for (auto& request : requests) request.wait();

    for (std::size_t i = 0; i < kCount; ++i)
      wrong += gradients[0][i] == element(i) * static_cast<float>(ranks) ? 0 : 1;
    std::printf("%d layers reduced on %d ranks, %d sums are wrong\n", kLayers, ranks, wrong);
  }
  MPI_Finalize();
  return wrong != 0;
}
