/* A persistent request that sends 1 % of a gradient in each step and keeps the rest.
 *
 *   mpirun -np 4 02_topk_request
 *
 * The request owns the residual: elements not sent now are sent later. A flush sends all of them.
 */
#include <math.h>
#include <mpi.h>
#include <pliant/pliant.h>
#include <stdio.h>
#include <stdlib.h>

enum { kCount = 100000, kSteps = 20 };

/* Powers of two, so that sums are exact in any order. */
static float gradient(int rank, int step, int i) {
  return ldexpf(1, (rank + step + i) % 8);
}

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0, ranks = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);

  MPI_Info info;
  MPI_Info_create(&info);
  MPI_Info_set(info, "pliant_mode", "topk");
  MPI_Info_set(info, "pliant_density", "0.01");
  float* values = malloc(kCount * sizeof *values); /* the gradient, then the sum */
  float* total = calloc(kCount, sizeof *total);    /* of all steps */
  Pliant_Request request;
  Pliant_Allreduce_init(MPI_IN_PLACE, values, kCount, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD, info, &request);
  MPI_Info_free(&info);
  for (int step = 0; step < kSteps; ++step) {
    for (int i = 0; i < kCount; ++i) values[i] = gradient(rank, step, i);
    Pliant_Start(request);
    Pliant_Wait(request);
    for (int i = 0; i < kCount; ++i) total[i] += values[i];
  }
  Pliant_Report report = {.size = sizeof report};
  Pliant_Request_get_report(request, &report);

  for (int i = 0; i < kCount; ++i) values[i] = 0;
  Pliant_Request_flush(request); /* adds what no step has sent */
  int wrong = 0;
  for (int i = 0; i < kCount; ++i) {
    float expected = 0;
    for (int step = 0; step < kSteps; ++step)
      for (int r = 0; r < ranks; ++r) expected += gradient(r, step, i);
    wrong += total[i] + values[i] != expected;
  }
  if (rank == 0)
    printf("%s kept %lld of %lld elements, gain %.2f; after the flush %d sums are wrong\n", report.algorithm,
           (long long)report.kept, (long long)report.elements, report.gain, wrong);
  Pliant_Request_free(&request);
  free(values), free(total);
  MPI_Finalize();
  return wrong != 0;
}
