// A job whose trace trace_jobs_test.py reads: does what its arguments say, in their order, on all ranks.
//   call=N   N allreduces of one number, checked
//   wait     rank 0 says "ready PID" and waits for a line of its input
//   h5close  H5close, as a program may call it
//   spawn=N  MPI_Comm_spawn of two ranks that make N calls and end; says "cannot spawn" where MPI cannot
#include <hdf5.h>
#include <mpi.h>
#include <pliant/pliant.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

void require(bool right, const char* what) {
  if (right) return;
  std::fprintf(stderr, "trace_job: %s\n", what);
  MPI_Abort(MPI_COMM_WORLD, 3);
}

void call(int times, int ranks) {
  for (int i = 0; i < times; ++i) {
    float x = 1;
    require(Pliant_Allreduce(MPI_IN_PLACE, &x, 1, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD) == MPI_SUCCESS,
            "error");
    require(x == static_cast<float>(ranks), "wrong sum");
  }
}

void wait_for_input(int rank) {
  if (rank == 0) {
    std::printf("ready %d\n", static_cast<int>(getpid()));
    std::fflush(stdout);
    for (int c = std::getchar(); c != '\n' && c != EOF;) c = std::getchar();
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

void spawn(char* program, int times) {
  std::string argument = "call=" + std::to_string(times);
  char* arguments[] = {argument.data(), nullptr};
  MPI_Comm children = MPI_COMM_NULL;
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  const int code =
      MPI_Comm_spawn(program, arguments, 2, MPI_INFO_NULL, 0, MPI_COMM_WORLD, &children, MPI_ERRCODES_IGNORE);
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);
  if (code != MPI_SUCCESS) {
    std::fprintf(stderr, "trace_job: this MPI cannot spawn\n");
    return;
  }
  MPI_Comm_disconnect(&children);
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0;
  int ranks = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  for (int i = 1; i < argc; ++i) {
    const std::string action = argv[i];
    const std::size_t equals = action.find('=');
    const std::string name = action.substr(0, equals);
    const int number = equals == std::string::npos ? 0 : std::atoi(action.c_str() + equals + 1);
    if (name == "call") call(number, ranks);
    if (name == "wait") wait_for_input(rank);
    if (name == "h5close") H5close();
    if (name == "spawn") spawn(argv[0], number);
  }
  MPI_Comm parent = MPI_COMM_NULL;
  MPI_Comm_get_parent(&parent);
  if (parent != MPI_COMM_NULL) MPI_Comm_disconnect(&parent);
  MPI_Finalize();
  return 0;
}
