#include "apps/train/progress.hpp"

#include <mpi.h>
#include <unistd.h>

#include <cstdio>

namespace pliant::train {
namespace {
constexpr double kTerminalInterval_s = 0.2;
constexpr double kFileInterval_s = 5;
constexpr const char* kEraseLine = "\r\033[K";
}  // namespace

Progress::Progress(bool shown) : shown_(shown), terminal_(isatty(STDERR_FILENO) == 1), last_s_(MPI_Wtime()) {}

void Progress::line(const std::string& text) {
  if (!shown_) return;
  std::fprintf(stderr, "%s%s\n", pending_ ? kEraseLine : "", text.c_str());
  pending_ = false;
}

bool Progress::is_due() const {
  return shown_ && MPI_Wtime() - last_s_ >= (terminal_ ? kTerminalInterval_s : kFileInterval_s);
}

void Progress::passing(const std::string& text) {
  if (!terminal_) {
    line(text);
  } else if (shown_) {
    std::fprintf(stderr, "%s%s", kEraseLine, text.c_str());
    std::fflush(stderr);
    pending_ = true;
  }
  last_s_ = MPI_Wtime();
}

}  // namespace pliant::train
