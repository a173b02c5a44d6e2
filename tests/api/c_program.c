/* A C program as a user would write it: exact calls, then lossy ones with a persistent request. Exit status 0
 * on success. */
#include <pliant/pliant.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 20000 };

static void require(int condition, const char* what) {
  if (condition) return;
  fprintf(stderr, "failed: %s\n", what);
  MPI_Abort(MPI_COMM_WORLD, 1);
}

int main(int argc, char** argv) {
  int rank, ranks, i;
  float* values = malloc(COUNT * sizeof *values);
  MPI_Info info;
  Pliant_Request request;
  Pliant_Report report = {0};

  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  require(ranks > 1, "started by the launcher of another MPI: each rank is alone");
  for (i = 0; i < COUNT; ++i) values[i] = (float)(rank + 1);
  require(Pliant_Allreduce(MPI_IN_PLACE, values, COUNT, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD) == MPI_SUCCESS,
          "call");
  for (i = 0; i < COUNT; ++i) require(values[i] == (float)(ranks * (ranks + 1) / 2), "exact sum");

  MPI_Info_create(&info);
  MPI_Info_set(info, "pliant_mode", "topk");
  MPI_Info_set(info, "pliant_density", "0.001");
  MPI_Info_set(info, "pliant_algorithm", "allgather_topk");
  require(Pliant_Allreduce_init(MPI_IN_PLACE, values, COUNT, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD, info,
                                &request) == MPI_SUCCESS,
          "init");
  MPI_Info_free(&info);
  for (i = 0; i < COUNT; ++i) values[i] = (float)i;
  require(Pliant_Start(request) == MPI_SUCCESS && Pliant_Wait(request) == MPI_SUCCESS, "start and wait");
  require(values[COUNT - 1] == (float)(ranks * (COUNT - 1)) && values[COUNT - 21] == 0,
          "the 20 largest were sent");
  report.size = sizeof report;
  require(Pliant_Request_get_report(request, &report) == MPI_SUCCESS && report.kept == 20, "report");
  require(Pliant_Request_free(&request) == MPI_SUCCESS && request == PLIANT_REQUEST_NULL, "free");
  if (rank == 0) printf("%s: %s\n", report.algorithm, report.reason);
  MPI_Finalize();
  free(values);
  return 0;
}
