// Writes a trace of three rows to the given path, for readers from other projects. With a second argument,
// prints "ready" when the rows are in the file, and closes it when its input ends.
#include <cstdio>

#include "trace/recorder.hpp"

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) return 2;
  pliant::Recorder recorder;
  const pliant::RunInfo info{.software_version = "0.1.0",
                             .start_date = "2031-05-06T07:08:09Z",
                             .mpi_library = "Some MPI",
                             .host = "node-1",
                             .ranks = 4};
  pliant::TraceFailure failure = recorder.open(argv[1], info);
  for (int row = 0; row < 3 && !failure; ++row) {
    pliant::TraceEvent event;
    event.time_s = 0.5 * row;
    event.step = row;
    pliant::set_text(event.tensor, "größe");
    pliant::set_text(event.algorithm, "ring");
    failure = recorder.record(event);
  }
  if (argc == 3 && !failure) {
    failure = recorder.flush();
    std::puts("ready");
    std::fflush(stdout);
    while (std::getchar() != EOF) continue;
  }
  if (!failure) failure = recorder.close();
  if (failure) std::fprintf(stderr, "%s\n", failure->c_str());
  return failure ? 1 : 0;
}
