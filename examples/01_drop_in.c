/* Pliant_Allreduce replaces MPI_Allreduce: the same arguments, the same result.
 *
 *   mpirun -np 4 01_drop_in
 */
#include <mpi.h>
#include <pliant/pliant.h>
#include <stdio.h>
#include <stdlib.h>

enum { kCount = 100000 };

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0, ranks = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);

  float* values = malloc(kCount * sizeof *values);
  for (int i = 0; i < kCount; ++i) values[i] = (float)(rank + i % 10);

  Pliant_Allreduce(MPI_IN_PLACE, values, kCount, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);

  /* The sum over ranks of rank + i % 10. */
  int wrong = 0;
  for (int i = 0; i < kCount; ++i) wrong += values[i] != (float)(ranks * (ranks - 1) / 2 + ranks * (i % 10));

  Pliant_Report report = {.size = sizeof report};
  Pliant_Comm_get_report(MPI_COMM_WORLD, &report);
  if (rank == 0)
    printf("%d wrong sums; %s took %.3f ms (%s)\n", wrong, report.algorithm, report.measured_s * 1e3,
           report.reason);
  free(values);
  MPI_Finalize();
  return wrong != 0;
}
