// The same call on GPU memory. This example compiles and links; it has not run on a GPU yet.
//
//   mpirun -np 2 06_gpu
#include <cuda_runtime_api.h>
#include <mpi.h>

#include <cstdio>
#include <pliant/pliant.hpp>
#include <vector>

int main(int argc, char** argv) {
  constexpr int kNoDevice = 77;  // CTest: skipped
  constexpr int kCount = 1'000'000;
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    std::puts("no GPU here");
    return kNoDevice;
  }
  MPI_Init(&argc, &argv);
  int rank = 0;
  int ranks = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  cudaSetDevice(rank % devices);

  std::vector<float> values(kCount, static_cast<float>(rank));
  float* on_device = nullptr;
  cudaMalloc(reinterpret_cast<void**>(&on_device), kCount * sizeof(float));
  cudaMemcpy(on_device, values.data(), kCount * sizeof(float), cudaMemcpyHostToDevice);

  // Ordered after the work of the stream in `pliant_cuda_stream`, by default the default stream.
  pliant::ensure(Pliant_Allreduce(MPI_IN_PLACE, on_device, kCount, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD));

  cudaMemcpy(values.data(), on_device, kCount * sizeof(float), cudaMemcpyDeviceToHost);
  int wrong = 0;
  for (const float sum : values) wrong += sum == static_cast<float>(ranks * (ranks - 1) / 2) ? 0 : 1;
  if (rank == 0) std::printf("%s: %d sums are wrong\n", pliant::last_report(MPI_COMM_WORLD).algorithm, wrong);
  cudaFree(on_device);
  MPI_Finalize();
  return wrong != 0;
}
