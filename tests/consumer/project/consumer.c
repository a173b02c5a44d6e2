/* A user's program in C99. It sums numbers with a known total, and is refused for a bad argument. */
#include <pliant/pliant.h>
#include <stdio.h>
#include <stdlib.h>

enum { kCount = 20000 };

/* The sum over ranks of rank + i, for every i. */
static int wrong_elements(const float* sums, int ranks) {
  int wrong = 0;
  for (int i = 0; i < kCount; ++i) {
    const float expected = (float)(ranks * (ranks - 1) / 2 + ranks * i);
    wrong += sums[i] != expected;
  }
  return wrong;
}

static int refuses_negative_count(float* data) {
  char text[PLIANT_MAX_ERROR_STRING];
  int length = 0;
  int error_class = MPI_SUCCESS;
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  const int code = Pliant_Allreduce(MPI_IN_PLACE, data, -1, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
  MPI_Error_class(code, &error_class);
  return error_class == MPI_ERR_COUNT && Pliant_Error_string(code, text, &length) == MPI_SUCCESS &&
         length > 0;
}

int main(int argc, char** argv) {
  static float data[kCount];
  int rank = 0;
  int ranks = 0;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  for (int i = 0; i < kCount; ++i) data[i] = (float)(rank + i);
  const int code = Pliant_Allreduce(MPI_IN_PLACE, data, kCount, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
  const int wrong = code == MPI_SUCCESS ? wrong_elements(data, ranks) : kCount;
  const int refused = refuses_negative_count(data);
  if (wrong > 0 || !refused)
    fprintf(stderr, "rank %d of %d: code %d, %d wrong sums, negative count %s\n", rank, ranks, code, wrong,
            refused ? "refused" : "accepted");
  MPI_Finalize();
  return wrong == 0 && refused && ranks == 2 ? EXIT_SUCCESS : EXIT_FAILURE;
}
