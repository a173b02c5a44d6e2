// What one process keeps for all its communicators: its settings, the trace file, the last error. It hangs on
// MPI_COMM_SELF as an attribute, so that it ends with MPI and needs no global variable. A mark on
// MPI_COMM_WORLD says that it has ended: nothing brings it back to life then.
#pragma once

#include <mpi.h>

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api/context_list.hpp"
#include "api/progress.hpp"
#include "core/config.hpp"
#include "core/log.hpp"
#include "kernels/cuda/device.hpp"
#include "kernels/team.hpp"
#include "trace/recorder.hpp"

namespace pliant {

class Process {
 public:
  /// This process's state; made on first use, when it warns of environment variables that mean nothing (rank
  /// 0). Throws Error(other) once MPI_Finalize has ended it: what comes then are callbacks of MPI_Finalize.
  static Process& instance();
  /// The same if it has been made and has not ended; null otherwise.
  static Process* find();
  /// Has MPI_Finalize ended it?
  static bool has_ended();

  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Throws Error(info_value) as long as the environment holds a value that cannot be used. On a rank alone:
  /// collective calls look at it where ranks agree on what to do.
  const ProcessSettings& settings();
  /// What settings() would throw.
  std::optional<Error> problem();
  Logger logger() const { return {settings_.debug, world_rank_}; }

  /// [s] from when this state was made to `wtime_s`, a value of MPI_Wtime: a trace's clock.
  double since_begin_s(double wtime_s) const { return wtime_s - begin_s_; }

  /// What of this process is under way on devices and may wait for other ranks.
  cuda::WaitingWork& waiting_work() { return waiting_work_; }
  /// Is a device's memory given to MPI? As PLIANT_CUDA_AWARE says, or the MPI library.
  bool mpi_reads_device() const;

  void remember_error(int code, const std::string& text);
  /// The message remembered for `code`; empty if another error came last.
  std::string error_text(int code);

  /// Append to the trace, where there is one. Never fails: a trace that cannot be written ends with one
  /// warning.
  void record(const TraceEvent& event);
  bool records() const { return recorder_.is_open(); }

  /// The threads that help kernels, of all communicators together: PLIANT_THREADS and no more. Null: one.
  Team* team();

  /// What is under way in this process.
  Progress& progress() { return progress_; }

  ContextList& contexts() { return contexts_; }
  /// A number for each communicator, in order of first use.
  std::int64_t next_communicator();
  ContextKey next_key();
  /// MPI_THREAD_MULTIPLE: while one thread waits, another may start what it would have to advance.
  bool threads_call_mpi() const { return threads_call_mpi_; }

 private:
  Process();
  static int keyval();
  static int on_finalize(MPI_Comm comm, int keyval, void* attribute, void* extra);
  void open_trace();
  void end_trace_on(const TraceFailure& failure) const;

  ProcessSettings settings_;
  bool settings_read_ = false;
  double begin_s_ = 0;
  int world_rank_ = 0;
  Recorder recorder_;
  Progress progress_;
  ContextList contexts_;
  bool threads_call_mpi_ = false;
  std::uint64_t random_ = 0;  ///< tells this process from others
  std::mutex mutex_;  // guards what follows, and recorder_'s use: threads may use different communicators
  std::optional<Team> team_;
  int last_code_ = MPI_SUCCESS;
  std::string last_text_;
  std::int64_t communicators_ = 0;
  std::uint64_t keys_ = 0;
  cuda::WaitingWork waiting_work_{0};
};

}  // namespace pliant
